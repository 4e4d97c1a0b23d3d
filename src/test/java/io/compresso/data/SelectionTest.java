package io.compresso.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.data.DatasetSchema.Field;
import io.compresso.data.DatasetSchema.LabelSchema;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SelectionTest {
  /** Sample {@code i} holds the number {@code i} and is of class {@code i % 3}. */
  private record Numbers(long size, boolean labelled) implements Dataset {
    @Override
    public DatasetSchema schema() {
      return new DatasetSchema(
          List.of(new Field("x", DType.INT64, Shape.SCALAR)),
          labelled ? new LabelSchema(LabelKind.CLASS, "y", 3, List.of("a", "b", "c")) : null);
    }

    @Override
    public Sample get(long index) {
      return new Sample(Map.of("x", Tensor.scalar(index)), label(index));
    }

    @Override
    public @Nullable Label label(long index) {
      return labelled ? new Label.ClassIndex((int) (index % 3)) : null;
    }

    @Override
    public void close() {}
  }

  private static List<Long> picked(long size, Map<String, ?> selection) {
    Dataset view = new Numbers(size, true).select(Selection.of(selection));
    List<Long> picked = new ArrayList<>();
    for (long i = 0; i < view.size(); i++) {
      long x = view.get(i).fields().get("x").getLong(0);
      assertThat(view.label(i)).isEqualTo(new Label.ClassIndex((int) (x % 3)));
      picked.add(x);
    }
    return picked;
  }

  private static List<Long> range(long from, long to) {
    return LongStream.range(from, to).boxed().toList();
  }

  @Test
  void range_takesFromInclusiveToExclusive() {
    assertThat(picked(5000, Map.of("from", 2000, "to", 2200))).isEqualTo(range(2000, 2200));
    assertThat(picked(10, Map.of("from", 8, "to", 100))).containsExactly(8L, 9L);
    assertThat(picked(10, Map.of())).isEqualTo(range(0, 10));
  }

  @Test
  void step_takesEveryNth() {
    assertThat(picked(10, Map.of("from", 1, "step", 4))).containsExactly(1L, 5L, 9L);
  }

  @Test
  void perClass_countsWithinEachClass() {
    assertThat(picked(30, Map.of("perClass", true, "from", 2, "to", 4)))
        .containsExactly(6L, 7L, 8L, 9L, 10L, 11L);
    assertThat(picked(30, Map.of("perClass", true, "from", 0, "step", 9)))
        .containsExactly(0L, 1L, 2L, 27L, 28L, 29L);
  }

  @Test
  void perClassFraction_isOfEachClass() {
    assertThat(picked(30, Map.of("perClass", true, "fraction", 0.2))).isEqualTo(range(0, 6));
  }

  @Test
  void rest_isAllThatIsNotSelected() {
    assertThat(picked(10, Map.of("from", 2, "to", 8, "rest", true)))
        .containsExactly(0L, 1L, 8L, 9L);
    List<Long> train = picked(100, Map.of("shuffle", 5, "fraction", 0.8));
    List<Long> test = picked(100, Map.of("shuffle", 5, "fraction", 0.8, "rest", true));
    assertThat(train).hasSize(80).doesNotContainAnyElementsOf(test);
    assertThat(test).hasSize(20);
  }

  @Test
  void shuffle_isAPermutation_theSameForASeed() {
    for (int size : new int[] {1, 2, 3, 7, 64, 1000, 1025}) {
      List<Long> once = picked(size, Map.of("shuffle", 42));
      assertThat(once).containsExactlyInAnyOrderElementsOf(range(0, size));
      assertThat(picked(size, Map.of("shuffle", 42))).isEqualTo(once);
    }
    assertThat(picked(1000, Map.of("shuffle", 1)))
        .isNotEqualTo(picked(1000, Map.of("shuffle", 2)))
        .isNotEqualTo(range(0, 1000));
  }

  @Test
  void shuffledRange_isSpreadOverTheWhole() {
    List<Long> picked = picked(10_000, Map.of("shuffle", 9, "to", 1000));
    for (long tenth = 0; tenth < 10; tenth++) {
      long from = tenth * 1000;
      assertThat(picked.stream().filter(x -> x >= from && x < from + 1000).count())
          .isBetween(60L, 145L);
    }
  }

  @Test
  void shuffledBillions_takeNoMemory() {
    Dataset view = new Numbers(1L << 40, true).select(Selection.of(Map.of("shuffle", 3)));
    assertThat(view.size()).isEqualTo(1L << 40);
    assertThat(view.get((1L << 40) - 1).fields().get("x").getLong(0)).isBetween(0L, (1L << 40) - 1);
  }

  @Test
  void emptySelection_isRefused() {
    assertThatThrownBy(() -> picked(10, Map.of("from", 10)))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "selection: picks nothing: the data set has 10 samples, the selection starts at 10");
    assertThatThrownBy(() -> picked(9, Map.of("perClass", true, "from", 3)))
        .hasMessageContaining("9 samples in {a=3, b=3, c=3}");
  }

  @Test
  void perClassWithoutClasses_isRefused() {
    Dataset plain = new Numbers(10, false);
    assertThatThrownBy(() -> plain.select(Selection.perClass(0, 1)))
        .hasMessage("selection.perClass: the data set has no class labels to count within");
  }

  @Test
  void wrongSelection_isRefusedByPath() {
    assertThatThrownBy(() -> Selection.of(Map.of("from", -1)))
        .hasMessage("selection.from: must be a whole number of at least 0, not -1.0");
    assertThatThrownBy(() -> Selection.of(Map.of("from", 5, "to", 5)))
        .hasMessage("selection.to: must be above from = 5, not 5");
    assertThatThrownBy(() -> Selection.of(Map.of("step", 1.5))).hasMessageContaining("step");
    assertThatThrownBy(() -> Selection.of(Map.of("fraction", 0)))
        .hasMessage("selection.fraction: must be above 0 and at most 1");
    assertThatThrownBy(() -> Selection.of(Map.of("perclass", true)))
        .hasMessageStartingWith("selection.perclass: unknown field; known are from, to, step");
  }

  @Test
  void outOfRangeIndex_isRefused() {
    Dataset view = new Numbers(10, true).select(Selection.range(0, 5));
    assertThatThrownBy(() -> view.get(5)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> view.label(-1)).isInstanceOf(IndexOutOfBoundsException.class);
  }
}
