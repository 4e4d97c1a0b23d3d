package io.compresso.op;

import static io.compresso.op.OpHarness.dims;
import static io.compresso.op.OpHarness.floats;
import static io.compresso.op.OpHarness.infer;
import static io.compresso.op.OpHarness.longs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Attribute;
import io.compresso.graph.GraphException;
import io.compresso.graph.ValueType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ShapeRuleTest {
  private static String type(String opType, Map<String, Attribute> attributes, Object... inputs) {
    return infer(opType, attributes, inputs).getFirst().type().toString();
  }

  private static String type(String opType, Object... inputs) {
    return type(opType, Map.of(), inputs);
  }

  @Test
  void symbols_surviveTheWay_fromShapeToReshape() {
    Inferred shape = infer("Shape", Map.of(), floats("N", 8, 4, 4)).getFirst();
    assertThat(shape.elements()).isEqualTo(dims("N", 8, 4, 4));
    Inferred batch = infer("Gather", Map.of(), shape, Tensor.scalar(0L)).getFirst();
    Inferred vector = infer("Unsqueeze", Map.of(), batch, longs(0)).getFirst();
    Inferred target =
        infer("Concat", Map.of("axis", Attribute.of(0)), vector, longs(-1)).getFirst();
    assertThat(type("Reshape", floats("N", 8, 4, 4), target)).isEqualTo("float[N,128]");
  }

  @Test
  void arithmetic_onDimensions_isFollowed() {
    Inferred shape = infer("Shape", Map.of(), floats("N", 6)).getFirst();
    assertThat(infer("Mul", Map.of(), shape, longs(1, 2)).getFirst().elements())
        .isEqualTo(dims("N", 12));
    assertThat(infer("Div", Map.of(), shape, longs(2)).getFirst().elements())
        .isEqualTo(dims("?", 3));
    Inferred cast = infer("Cast", Map.of("to", Attribute.of(6)), shape).getFirst();
    assertThat(infer("Add", Map.of(), cast, Tensor.ofInts(Shape.of(1), 0)).getFirst().elements())
        .isEqualTo(dims("N", 6));
  }

  @Test
  void broadcasting_keepsSymbols_andTakesNumbersOverUnknowns() {
    assertThat(type("Add", floats("N", 1, 4), floats(3, 1))).isEqualTo("float[N,3,4]");
    assertThat(type("Add", floats("N"), floats("N"))).isEqualTo("float[N]");
    assertThat(type("Add", floats("N"), floats("M"))).isEqualTo("float[?]");
    assertThat(type("Add", floats("?"), floats(5))).isEqualTo("float[5]");
    assertThatThrownBy(() -> type("Add", floats(2), floats(3))).isInstanceOf(GraphException.class);
  }

  @Test
  void comparison_givesBooleans() {
    assertThat(type("Less", floats("N", 2), floats(2))).isEqualTo("bool[N,2]");
  }

  @Test
  void movement_keepsWhatItDoesNotTouch() {
    assertThat(type("Transpose", Map.of("perm", Attribute.ints(1, 0)), floats("N", 3)))
        .isEqualTo("float[3,N]");
    assertThat(type("Flatten", floats("N", 3, 4))).isEqualTo("float[N,12]");
    assertThat(type("Slice", floats("N", 8), longs(2), longs(6), longs(1))).isEqualTo("float[N,4]");
    assertThat(type("Slice", floats("N", 8), longs(0), longs(Long.MAX_VALUE), longs(0)))
        .isEqualTo("float[N,8]");
    assertThat(type("Pad", floats("N", 8), longs(0, 1, 0, 1))).isEqualTo("float[N,10]");
    assertThat(type("Gather", floats(10, "D"), longs(1, 2))).isEqualTo("float[2,D]");
    assertThat(type("Concat", Map.of("axis", Attribute.of(1)), floats("N", 2), floats("N", 3)))
        .isEqualTo("float[N,5]");
    assertThat(type("Expand", floats(1, 3), infer("Shape", Map.of(), floats("N", 1)).getFirst()))
        .isEqualTo("float[N,3]");
    assertThat(type("Tile", floats("N", 3), longs(1, 2))).isEqualTo("float[N,6]");
    assertThat(type("Squeeze", floats("N", 1), longs(1))).isEqualTo("float[N]");
  }

  @Test
  void split_ofAKnownAxis_isExact() {
    assertThat(infer("Split", Map.of("axis", Attribute.of(1)), floats("N", 7)))
        .extracting(part -> part.type().toString())
        .containsExactly("float[N,3]", "float[N,3]", "float[N,1]");
  }

  @Test
  void reduction_keepsOrDropsAxes() {
    assertThat(type("ReduceMean", floats("N", 3, 4), longs(-1))).isEqualTo("float[N,3,1]");
    assertThat(type("ReduceMean", Map.of("keepdims", Attribute.of(0)), floats("N", 3), longs(1)))
        .isEqualTo("float[N]");
    assertThat(type("ArgMax", Map.of("axis", Attribute.of(1)), floats("N", 3)))
        .isEqualTo("int64[N,1]");
  }

  @Test
  void einsum_namesItsResult() {
    assertThat(
            type(
                "Einsum",
                Map.of("equation", Attribute.of("bij,bjk->bik")),
                floats("N", 2, 3),
                floats("N", 3, 4)))
        .isEqualTo("float[N,2,4]");
  }

  @Test
  void topK_andOneHot_takeTheirSizes_fromConstants() {
    assertThat(type("TopK", floats("N", 10), longs(3))).isEqualTo("float[N,3]");
    assertThat(type("OneHot", longs(1, 2), Tensor.scalar(5L), floats(2))).isEqualTo("float[2,5]");
    assertThat(type("Range", Tensor.scalar(0L), Tensor.scalar(6L), Tensor.scalar(2L)))
        .isEqualTo("int64[3]");
    assertThat(type("ConstantOfShape", longs(2, 3))).isEqualTo("float[2,3]");
  }

  @Test
  void unknownRanks_giveUnknownRanks() {
    Inferred unknown = Inferred.UNKNOWN;
    for (Operator operator : OperatorCatalog.all()) {
      if (operator instanceof ElementwiseUnary
          || operator instanceof ElementwiseBinary
          || operator instanceof Reduction) {
        assertThat(
                infer(
                    operator.opType(), Map.of("direction", Attribute.of("LEFT")), unknown, unknown))
            .as(operator.opType())
            .first()
            .extracting(Inferred::type)
            .isEqualTo(ValueType.UNKNOWN);
      }
    }
  }
}
