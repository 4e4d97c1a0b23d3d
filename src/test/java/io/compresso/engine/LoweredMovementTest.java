package io.compresso.engine;

import static io.compresso.engine.OptimisedRuns.check;
import static io.compresso.engine.OptimisedRuns.isBound;
import static io.compresso.engine.OptimisedRuns.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Nodes that move elements by constant indices are lowered, and move what their references do. */
class LoweredMovementTest {
  private static Graphs graph(long... dims) {
    return Graphs.opset(18)
        .input("x", ValueType.tensor(DType.FLOAT, Shape.of(dims)))
        .node("r = Relu x");
  }

  private static void checkBound(Model model, Map<String, Tensor> inputs) {
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      check(session, model, inputs);
    }
    assertThat(isBound(model)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"0, 2, 1", "1, -1, 1", "1, 1, 3", "0, -3, 3", "2, 0, 4", "1, 4, 1"})
  void gather_ofSlicesInSuccession_isACopyOrAView(int axis, long first, int count) {
    long[] indices = new long[count];
    for (int i = 0; i < count; i++) {
      indices[i] = first + i;
    }
    Model model =
        graph(3, 5, 4)
            .constant("i", Tensor.ofLongs(Shape.of(count), indices))
            .constant("one", Tensor.scalar(first))
            .node("g = Gather r i", "axis", axis)
            .node("y = Neg g")
            .node("z = Gather r one", "axis", axis)
            .output("y", "z")
            .model();
    checkBound(model, Map.of("x", random(1, 3, 5, 4)));
  }

  @Test
  void gather_ofOtherSlices_isRight() {
    Model model =
        graph(3, 5, 4)
            .constant("i", Tensor.ofLongs(Shape.of(2, 2), 4, 0, -1, 0))
            .node("y = Gather r i", "axis", 1)
            .output("y")
            .model();
    checkBound(model, Map.of("x", random(1, 3, 5, 4)));
  }

  @ParameterizedTest
  @CsvSource({"0, 2, -9, -1", "1, 4, 0, -2", "2, -1, -4, -1", "1, 0, -9, -1"})
  void slice_backwards_isLowered(int axis, long start, long end, long step) {
    Model model =
        graph(3, 5, 4)
            .constant("starts", Tensor.ofLongs(Shape.of(2), 0, start))
            .constant("ends", Tensor.ofLongs(Shape.of(2), Long.MAX_VALUE, end))
            .constant("axes", Tensor.ofLongs(Shape.of(2), axis == 0 ? 1 : 0, axis))
            .constant("steps", Tensor.ofLongs(Shape.of(2), 1, step))
            .node("y = Slice r starts ends axes steps")
            .output("y")
            .model();
    checkBound(model, Map.of("x", random(1, 3, 5, 4)));
  }

  @ParameterizedTest
  @CsvSource({"-1, FLOAT", "0, INT64", "1, BOOL", "2, DOUBLE"})
  void oneHot_ofAConstantDepth_isLowered(int axis, DType type) {
    Tensor values = Tensor.allocate(type, Shape.of(2));
    values.setDouble(type == DType.BOOL ? 0 : 1, 1);
    Model model =
        Graphs.opset(18)
            .input("i", ValueType.tensor(DType.INT64, Shape.of(2, 3)))
            .constant("depth", Tensor.ofLongs(Shape.of(1), 4))
            .constant("values", values)
            .node("y = OneHot i depth values", "axis", axis)
            .output("y")
            .model();
    checkBound(model, Map.of("i", Tensor.ofLongs(Shape.of(2, 3), 0, 3, 4, -2, 9, 1)));
  }

  /** Slices, every other element, columns, in disorder, twice the same, and all. */
  @Test
  void scatter_byConstantIndices_isLowered() {
    List<Tensor> indices = new ArrayList<>();
    indices.add(Tensor.ofLongs(Shape.of(1, 1), 2));
    indices.add(Tensor.ofLongs(Shape.of(2, 1), 0, 2));
    indices.add(Tensor.ofLongs(Shape.of(3, 1), 1, -1, 0));
    indices.add(Tensor.ofLongs(Shape.of(2, 1), 1, 1));
    indices.add(Tensor.ofLongs(Shape.of(3, 1), 0, 1, 2));
    indices.add(Tensor.ofLongs(Shape.of(2, 2, 2), 0, 0, 0, 3, 2, 0, 2, 3));
    indices.add(Tensor.ofLongs(Shape.of(4, 2), 0, 1, 0, 3, 1, 1, 1, 3));
    indices.add(Tensor.ofLongs(Shape.of(0, 1)));
    for (Tensor index : indices) {
      int rank = index.shape().rank();
      int tuple = (int) index.shape().dim(-1);
      long[] dims = new long[rank - 1 + 2 - tuple + 1];
      System.arraycopy(index.shape().dims(), 0, dims, 0, rank - 1);
      long[] own = {3, 4, 2};
      System.arraycopy(own, tuple, dims, rank - 1, 3 - tuple);
      Model model =
          graph(3, 4, 2)
              .input("u", ValueType.tensor(DType.FLOAT, Shape.of(dims)))
              .constant("i", index)
              .node("y = ScatterND r i u")
              .node("z = ScatterND x i u")
              .output("y", "z")
              .model();
      checkBound(model, Map.of("x", random(1, 3, 4, 2), "u", random(2, dims)));
    }
  }

  @Test
  void scatter_outside_isRefused() {
    Model model =
        graph(3, 4)
            .input("u", ValueType.tensor(DType.FLOAT, Shape.of(1, 4)))
            .constant("i", Tensor.ofLongs(Shape.of(1, 1), 3))
            .node("y = ScatterND r i u")
            .output("y")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      assertThatThrownBy(() -> session.run(Map.of("x", random(1, 3, 4), "u", random(2, 1, 4))))
          .isInstanceOf(GraphException.class)
          .hasMessageContaining("ScatterND");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"reflect", "edge", "wrap", "constant"})
  void pad_inEachMode_isLowered(String mode) {
    long[][] amounts = {
      {0, 0, 0, 0, 0, 2}, {0, 1, 3, 0, 2, 1}, {2, 0, 0, 1, 0, 0}, {1, 4, 9, 2, 7, 5}, new long[6]
    };
    for (long[] pads : amounts) {
      Model model =
          graph(3, 4, 2)
              .constant("p", Tensor.ofLongs(Shape.of(6), pads))
              .node("y = Pad r p", "mode", mode)
              .output("y")
              .model();
      checkBound(model, Map.of("x", random(1, 3, 4, 2)));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"BOOL", "INT32", "INT64", "FLOAT"})
  void cast_ofIntegers_isLowered(DType to) {
    Tensor longs = Tensor.ofLongs(Shape.of(6), 0, 1, -1, 1L << 40, -(1L << 33) - 7, 16_777_217);
    int code = to == DType.BOOL ? 9 : to == DType.INT32 ? 6 : to == DType.INT64 ? 7 : 1;
    for (DType from : List.of(DType.INT64, DType.INT32, DType.INT8, DType.UINT8, DType.BOOL)) {
      Tensor x = Tensor.allocate(from, Shape.of(6));
      for (int i = 0; i < 6; i++) {
        x.setLong(i, from == DType.BOOL ? longs.getLong(i) & 1 : longs.getLong(i));
      }
      Model model =
          Graphs.opset(18)
              .input("x", ValueType.tensor(from, Shape.of(6)))
              .node("y = Cast x", "to", code)
              .output("y")
              .model();
      checkBound(model, Map.of("x", x));
    }
  }

  @ParameterizedTest
  @CsvSource({"3, 2, 2, 2, 4", "3, 5, 9, 9, 4", "2, 3, 0, 0, 1", "3, 1, 1, 2, 2", "1, 4, 0, 0, 1"})
  void dilatedTransposedConvolution_isAConvolution(
      int kernel, int dilation, int begin, int end, int group) {
    Model model =
        graph(2, 4, 9, 5)
            .constant("w", random(3, 4, 3, kernel, 2))
            .constant("b", random(4, 3L * group))
            .node(
                "a = ConvTranspose r w b",
                "dilations",
                new long[] {dilation, 1},
                "pads",
                new long[] {begin, 1, end, 0},
                "group",
                group)
            .node("y = Relu a")
            .output("y")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      assertThat(check(session, model, Map.of("x", random(5, 2, 4, 9, 5))))
          .extracting(RunResult.NodeProfile::opType)
          .doesNotContain("ConvTranspose", "PixelShuffle");
    }
    assertThat(isBound(model)).isTrue();
  }

  @Test
  void transposedConvolution_isRefusedByTheRun_whenItsBiasIsTooShort() {
    Model model =
        graph(1, 4, 5, 5)
            .constant("w", random(3, 4, 8, 2, 2))
            .constant("b", random(4, 3))
            .node("y = ConvTranspose r w b", "strides", new long[] {2, 2})
            .output("y")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      assertThatThrownBy(() -> session.run(Map.of("x", random(5, 1, 4, 5, 5))))
          .isInstanceOf(GraphException.class)
          .hasMessageContaining("ConvTranspose");
    }
  }
}
