package io.compresso.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.data.Binding.ModelInput;
import io.compresso.data.DatasetSchema.Field;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BindingTest {
  private static DatasetSchema schema(Field... fields) {
    return new DatasetSchema(List.of(fields), null);
  }

  private static Field field(String name, DType dtype, long... dims) {
    return new Field(name, dtype, Shape.of(dims));
  }

  private static ModelInput input(String name, DType dtype, Long... dims) {
    return new ModelInput(name, dtype, List.of(dims));
  }

  private static Binding bind(DatasetSchema schema, ModelInput... inputs) {
    return Binding.of(schema, List.of(inputs), Map.of());
  }

  /** Sample {@code i} is filled with {@code i}. */
  private record Filled(DatasetSchema schema, long size) implements Dataset {
    @Override
    public Sample get(long index) {
      Field field = schema.fields().getFirst();
      Tensor tensor = Tensor.allocate(field.dtype(), field.shape());
      for (long i = 0; i < tensor.size(); i++) {
        tensor.setDouble(i, index);
      }
      return new Sample(Map.of(field.name(), tensor), null);
    }

    @Override
    public void close() {}
  }

  @Test
  void onlyInput_takesTheOnlyField() {
    Binding binding =
        bind(
            schema(field("image", DType.FLOAT, 1, 28, 28)),
            input("Input3", DType.FLOAT, 1L, 1L, 28L, 28L));
    assertThat(binding.fixedBatch()).hasValue(1);
    assertThat(binding.batchSize(32)).isEqualTo(1);
    assertThat(binding.bounds().getFirst().batched()).isTrue();
  }

  @Test
  void freeBatch_takesWhatIsPreferred_andTheRestAtTheEnd() {
    DatasetSchema schema = schema(field("x", DType.FLOAT, 2));
    Binding binding = bind(schema, input("x", DType.FLOAT, -1L, 2L));
    assertThat(binding.fixedBatch()).isEmpty();
    List<String> batches = new ArrayList<>();
    binding.forEachBatch(
        new Filled(schema, 5),
        3,
        batch ->
            batches.add(
                batch.from()
                    + " "
                    + batch.count()
                    + " "
                    + java.util.Arrays.toString(batch.inputs().get("x").toFloats())));
    assertThat(batches)
        .containsExactly("0 3 [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]", "3 2 [3.0, 3.0, 4.0, 4.0]");
  }

  @Test
  void fixedBatch_isFilledUpWithTheLastSample() {
    DatasetSchema schema = schema(field("x", DType.FLOAT));
    Binding binding = bind(schema, input("x", DType.FLOAT, 4L));
    Batch batch = binding.batch(new Filled(schema, 6), 4, 1);
    assertThat(batch.count()).isEqualTo(2);
    assertThat(batch.size()).isEqualTo(4);
    assertThat(batch.inputs().get("x").toFloats()).containsExactly(4, 5, 5, 5);
  }

  @Test
  void inputWithoutBatchDimension_takesOneSampleAtATime() {
    DatasetSchema schema = schema(field("x", DType.FLOAT, 3, 4));
    Binding binding = bind(schema, input("x", DType.FLOAT, 3L, 4L));
    assertThat(binding.batchSize(8)).isEqualTo(1);
    assertThat(binding.batch(new Filled(schema, 2), 1, 8).inputs().get("x").shape())
        .isEqualTo(Shape.of(3, 4));
  }

  @Test
  void dimensionsOfOne_mayBeMissing() {
    DatasetSchema schema = schema(field("x", DType.FLOAT, 28, 28));
    Binding binding = bind(schema, input("x", DType.FLOAT, -1L, 1L, 28L, 28L));
    assertThat(binding.batch(new Filled(schema, 2), 0, 2).inputs().get("x").shape())
        .isEqualTo(Shape.of(2, 1, 28, 28));
  }

  @Test
  void unknownRank_takesABatch() {
    DatasetSchema schema = schema(field("x", DType.FLOAT, 3));
    Binding binding = Binding.of(schema, List.of(new ModelInput("x", DType.FLOAT, null)), Map.of());
    assertThat(binding.batch(new Filled(schema, 2), 0, 2).inputs().get("x").shape())
        .isEqualTo(Shape.of(2, 3));
  }

  @Test
  void floatsAndNarrowIntegers_areConverted() {
    DatasetSchema floats = schema(field("x", DType.FLOAT));
    Binding half = bind(floats, input("x", DType.FLOAT16, -1L));
    Tensor tensor = half.batch(new Filled(floats, 3), 0, 3).inputs().get("x");
    assertThat(tensor.dtype()).isEqualTo(DType.FLOAT16);
    assertThat(tensor.toFloats()).containsExactly(0, 1, 2);
    DatasetSchema ints = schema(field("x", DType.UINT8));
    Binding wide = bind(ints, input("x", DType.INT64, -1L));
    assertThat(wide.batch(new Filled(ints, 3), 0, 3).inputs().get("x").toLongs())
        .containsExactly(0, 1, 2);
    for (DType narrow : List.of(DType.INT8, DType.UINT16, DType.FLOAT)) {
      if (narrow != DType.UINT16) {
        assertThatThrownBy(() -> bind(ints, input("x", narrow, -1L)))
            .isInstanceOf(DataException.class)
            .hasMessageContaining("declare the field's dtype as " + narrow);
      }
    }
  }

  @Test
  void namedFields_feedInputsOfOtherNames() {
    DatasetSchema schema = schema(field("a", DType.FLOAT, 2), field("b", DType.FLOAT, 3));
    Binding binding =
        Binding.of(
            schema,
            List.of(input("b", DType.FLOAT, -1L, 3L), input("left", DType.FLOAT, -1L, 2L)),
            Map.of("left", "a"));
    assertThat(binding.bounds())
        .extracting(bound -> bound.field().name())
        .containsExactly("b", "a");
    assertThatThrownBy(
            () -> Binding.of(schema, List.of(input("b", DType.FLOAT, -1L, 3L)), Map.of("c", "a")))
        .hasMessage("input 'c': the model has no such input; it has 'b' float[?, 3]");
    assertThatThrownBy(
            () -> Binding.of(schema, List.of(input("c", DType.FLOAT, -1L, 3L)), Map.of("c", "d")))
        .hasMessage("input 'c': the data set has no field 'd'; it has a float[2], b float[3]");
  }

  @Test
  void inputWithoutAField_isRefused() {
    assertThatThrownBy(() ->
            bind(
                schema(field("x", DType.FLOAT, 2)),
                input("a", DType.FLOAT, -1L, 2L),
                input("b", DType.FLOAT, -1L, 2L)))
        .hasMessageContaining("no field of the data set feeds input 'a' float[?, 2]")
        .hasMessageContaining("it has x float[2]");
  }

  @Test
  void otherShape_isRefusedWithAHint() {
    ModelInput nchw = input("in", DType.FLOAT, -1L, 3L, 32L, 32L);
    assertThatThrownBy(() -> bind(schema(field("image", DType.FLOAT, 32, 32, 3)), nchw))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "input 'in': input 'in' float[?, 3, 32, 32] does not take field 'image' of shape"
                + " [32, 32, 3] for each sample; declare image.layout as nchw");
    assertThatThrownBy(() ->
            bind(
                schema(field("image", DType.FLOAT, 3, 32, 32)),
                input("in", DType.FLOAT, -1L, 32L, 32L, 3L)))
        .hasMessageEndingWith("declare image.layout as nhwc");
    assertThatThrownBy(() -> bind(schema(field("image", DType.FLOAT, 1, 28, 28)), nchw))
        .hasMessageContaining("image.width, height, channels and layout");
  }

  @Test
  void inputsOfDifferentFixedBatches_areRefused() {
    assertThatThrownBy(() ->
            bind(
                schema(field("a", DType.FLOAT, 2), field("b", DType.FLOAT, 2)),
                input("a", DType.FLOAT, 4L, 2L),
                input("b", DType.FLOAT, 3L, 2L)))
        .hasMessage("input 'b': takes batches of 3, other inputs of 4");
  }
}
