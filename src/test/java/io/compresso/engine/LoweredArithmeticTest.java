package io.compresso.engine;

import static io.compresso.engine.OptimisedRuns.check;
import static io.compresso.engine.OptimisedRuns.isBound;
import static io.compresso.engine.OptimisedRuns.random;
import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Attribute;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nodes that compute with what a run brings, or in 16 bits, are lowered. */
class LoweredArithmeticTest {
  @Test
  void batchNormalization_byStatisticsOfTheRun_isLowered() {
    Model model =
        Graphs.opset(18)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(2, 3, 5)))
            .input("m", ValueType.tensor(DType.FLOAT, Shape.of(3)))
            .input("v", ValueType.tensor(DType.FLOAT, Shape.of(3)))
            .constant("one", Tensor.ofFloats(Shape.of(3), 1, 2, -1))
            .constant("zero", Tensor.ofFloats(Shape.of(3), 0, 0.5f, 1))
            .node("mean = Neg m")
            .node("variance = Abs v")
            .node("y = BatchNormalization x one zero mean variance", "epsilon", Attribute.of(0.01f))
            .output("y")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      check(session, model, Map.of("x", random(1, 2, 3, 5), "m", random(2, 3), "v", random(3, 3)));
    }
    assertThat(isBound(model)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "SkipSimplifiedLayerNormalization x s g",
    "SkipSimplifiedLayerNormalization x s g b",
    "SkipLayerNormalization x s g b",
    "SkipLayerNormalization x s g _ b"
  })
  void skipNormalization_isLowered_whenItsSumIsKept(String node) {
    Model model =
        Graphs.opset(18)
            .domain("com.microsoft", 1)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(2, 3, 20)))
            .input("s", ValueType.tensor(DType.FLOAT, Shape.of(2, 3, 20)))
            .constant("g", random(3, 20))
            .constant("b", random(4, 20))
            .node("y _ _ sum = com.microsoft:" + node, "epsilon", 1e-3f)
            .output("y", "sum")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      check(session, model, Map.of("x", random(1, 2, 3, 20), "s", random(2, 2, 3, 20)));
    }
    assertThat(isBound(model)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "40000, 39999", "100003, 0", "100003, 100002", "2000003, 1000000"})
  void dynamicQuantization_findsTheRange_whereverItsEndsAre(int size, int index) {
    Model model =
        Graphs.opset(18)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(size)))
            .node("y scale zero = DynamicQuantizeLinear x")
            .output("y", "scale", "zero")
            .model();
    Tensor x = random(1, size);
    x.setFloat(index, 100);
    x.setFloat(size - 1 - index, -50);
    try (Session session = Session.create(model, SessionOptions.DEFAULT.withThreads(2))) {
      check(session, model, Map.of("x", x));
    }
    assertThat(isBound(model)).isTrue();
  }

  @Test
  void quantizeLinear_ofIntegersOf32Bits_divides() {
    Model model =
        Graphs.opset(10)
            .input("x", ValueType.tensor(DType.INT32, Shape.of(4)))
            .constant("scale", Tensor.scalar(2f))
            .constant("zero", Tensor.allocate(DType.UINT8, Shape.SCALAR))
            .node("y = QuantizeLinear x scale zero")
            .output("y")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      Tensor x = Tensor.ofInts(Shape.of(4), 1, 5, -7, 1000);
      check(session, model, Map.of("x", x));
      assertThat(((Tensor) session.run(Map.of("x", x)).get("y")).toLongs())
          .containsExactly(0, 2, 0, 255);
    }
  }

  private static Tensor halves(long seed, long... dims) {
    Tensor floats = random(seed, dims);
    Tensor halves = Tensor.allocate(DType.FLOAT16, floats.shape());
    for (long i = 0; i < floats.size(); i++) {
      halves.setFloat(i, floats.getFloat(i) / 4);
    }
    return halves;
  }

  @ParameterizedTest
  @CsvSource({"LSTM, 4", "GRU, 3", "RNN, 1"})
  void recurrentNode_ofHalves_isLowered(String type, int gates) {
    Model model =
        Graphs.opset(18)
            .input("x", ValueType.tensor(DType.FLOAT16, Shape.of(4, 2, 6)))
            .constant("w", halves(1, 1, gates * 5, 6))
            .constant("r", halves(2, 1, gates * 5, 5))
            .constant("b", halves(3, 1, gates * 10))
            .node("y h = %s x w r b".formatted(type), "hidden_size", Attribute.of(5))
            .output("y", "h")
            .model();
    assertNear(model, Map.of("x", halves(4, 4, 2, 6)));
  }

  @Test
  void transposedConvolution_ofHalvesWithBias_isLowered() {
    Model model =
        Graphs.opset(18)
            .input("x", ValueType.tensor(DType.FLOAT16, Shape.of(1, 3, 4, 4)))
            .constant("w", halves(1, 3, 2, 2, 2))
            .constant("b", halves(2, 2))
            .node("y = ConvTranspose x w b", "strides", Attribute.ints(2, 2))
            .output("y")
            .model();
    assertNear(model, Map.of("x", halves(4, 1, 3, 4, 4)));
  }

  /** That no node is left to its reference, and the results are those of halves. */
  private static void assertNear(Model model, Map<String, Tensor> inputs) {
    Map<String, Value> expected;
    try (Session session = Session.create(model, SessionOptions.DEFAULT.withOptimised(false))) {
      expected = session.run(inputs);
    }
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      session
          .run(inputs)
          .forEach((name, value) -> {
            float[] actual = ((Tensor) value).toFloats();
            float[] wanted = ((Tensor) expected.get(name)).toFloats();
            assertThat(actual).as(name).hasSameSizeAs(wanted);
            for (int i = 0; i < wanted.length; i++) {
              assertThat(actual[i]).as("%s[%d]", name, i).isCloseTo(wanted[i], offset());
            }
          });
    }
    assertThat(isBound(model)).isTrue();
  }

  private static org.assertj.core.data.Offset<Float> offset() {
    return org.assertj.core.data.Offset.offset(2e-3f);
  }
}
