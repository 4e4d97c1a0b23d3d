package io.compresso.engine;

import static io.compresso.engine.OptimisedRuns.random;
import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.engine.RunResult.NodeProfile;
import io.compresso.graph.Attribute;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What ONNX Runtime's optimiser writes is compiled as what it was made of. */
class FusedOperatorsTest {
  private static ValueType floats(long... dims) {
    return ValueType.tensor(DType.FLOAT, Shape.of(dims));
  }

  private static Graphs graphs(int opset) {
    return Graphs.opset(opset).domain("com.microsoft", 1);
  }

  /** The operators that run, each by a kernel. */
  private static List<String> operators(Graphs graphs, Map<String, Tensor> inputs) {
    Model model = graphs.output("y").model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      List<NodeProfile> profile = OptimisedRuns.check(session, model, inputs);
      assertThat(profile)
          .allSatisfy(row -> assertThat(row.kernels()).as(row.opType()).isNotEmpty());
      return profile.stream().map(NodeProfile::opType).toList();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Relu", "Clip", "LeakyRelu", "Tanh", "Sigmoid", "HardSigmoid", ""})
  void fusedConv_runsAsConvolution_withEveryActivation(String activation) {
    for (int opset : new int[] {9, 17}) {
      for (String sum : new String[] {"", " z"}) {
        Graphs graphs =
            graphs(opset)
                .input("x", floats(1, 4, 6, 6))
                .input("z", floats(1, 8, 6, 6))
                .constant("w", random(2, 8, 4, 3, 3))
                .constant("b", random(3, 8))
                .node(
                    "y = com.microsoft:FusedConv x w b" + sum,
                    "pads",
                    new long[] {1, 1, 1, 1},
                    "activation",
                    activation,
                    "activation_params",
                    new Attribute.Floats(List.of(0.1f, 0.6f)));
        assertThat(
                operators(graphs, Map.of("x", random(1, 1, 4, 6, 6), "z", random(4, 1, 8, 6, 6))))
            .doesNotContain("FusedConv");
      }
    }
  }

  @Test
  void fusedGemm_runsAsProduct() {
    for (String activation : List.of("Relu", "LeakyRelu")) {
      Graphs graphs =
          graphs(17)
              .input("x", floats(5, 7))
              .constant("w", random(2, 9, 7))
              .constant("b", random(3, 9))
              .node("y = com.microsoft:FusedGemm x w b", "transB", 1, "activation", activation);
      assertThat(operators(graphs, Map.of("x", random(1, 5, 7)))).doesNotContain("FusedGemm");
    }
  }

  @Test
  void fusedMatMul_runsAsProduct_whateverIsTransposed() {
    for (int i = 0; i < 16; i++) {
      Graphs graphs =
          graphs(17)
              .input("a", floats(4, 4, 4))
              .input("b", floats(4, 4, 4))
              .node(
                  "y = com.microsoft:FusedMatMul a b",
                  "transA",
                  i & 1,
                  "transB",
                  i >> 1 & 1,
                  "transBatchA",
                  i >> 2 & 1,
                  "transBatchB",
                  i >> 3,
                  "alpha",
                  i % 3 == 0 ? 1f : 0.25f);
      assertThat(operators(graphs, Map.of("a", random(i, 4, 4, 4), "b", random(i + 1, 4, 4, 4))))
          .doesNotContain("FusedMatMul");
    }
  }

  @Test
  void biasGelu_runsInTheProductBeforeIt() {
    Graphs graphs =
        graphs(17)
            .input("x", floats(5, 7))
            .constant("w", random(2, 7, 9))
            .constant("b", random(3, 9))
            .node("p = MatMul x w")
            .node("y = com.microsoft:BiasGelu p b");
    assertThat(operators(graphs, Map.of("x", random(1, 5, 7)))).hasSize(1);
  }

  @Test
  void qLinearConv_runsByKernels_withChannelsLast() {
    Tensor w = Tensor.allocate(DType.INT8, Shape.of(8, 4, 3, 3));
    for (int i = 0; i < w.size(); i++) {
      w.setLong(i, i % 17 - 8);
    }
    Graphs graphs =
        graphs(17)
            .input("f", floats(1, 6, 6, 4))
            .constant("s", Tensor.scalar(0.02f))
            .constant("t", Tensor.scalar(0.05f))
            .constant("z", Tensor.ofBytes(DType.UINT8, Shape.SCALAR, (byte) 128))
            .constant("zw", Tensor.ofBytes(DType.INT8, Shape.SCALAR, (byte) 0))
            .constant("w", w)
            .node("x = QuantizeLinear f s z")
            .node(
                "q = com.microsoft:QLinearConv x s z w s zw t z",
                "channels_last",
                1,
                "pads",
                new long[] {1, 1, 1, 1})
            .node("y = DequantizeLinear q t z");
    assertThat(operators(graphs, Map.of("f", random(1, 1, 6, 6, 4)))).doesNotContain("QLinearConv");
  }
}
