package io.compresso.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.engine.RunOptions;
import io.compresso.engine.RunResult;
import io.compresso.engine.RunResult.NodeProfile;
import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MatMulNBitsTest {
  private static final int N = 3;
  private static final int K = 32;

  private static Model model(int bits, long scales) {
    Tensor packed = Tensor.allocate(DType.UINT8, Shape.of(N, 1, K * bits / 8));
    for (long i = 0; i < packed.size(); i++) {
      packed.setLong(i, 255);
    }
    Tensor factors = Tensor.allocate(DType.FLOAT, Shape.of(scales));
    for (long i = 0; i < scales; i++) {
      factors.setFloat(i, 0.5f * (i + 1));
    }
    Map<String, Attribute> attributes =
        Map.of(
            "K", Attribute.of(K),
            "N", Attribute.of(N),
            "bits", Attribute.of(bits),
            "block_size", Attribute.of(K));
    Node node =
        new Node(
            "n",
            "com.microsoft",
            "MatMulNBits",
            "",
            List.of("x", "w", "s"),
            List.of("y"),
            attributes,
            Annotations.NONE);
    Graph graph =
        new Graph(
            "g",
            List.of(new ValueInfo("x", ValueType.tensor(DType.FLOAT, Shape.of(1, K)))),
            List.of(new ValueInfo("y", ValueType.tensor(DType.FLOAT, Shape.of(1, N)))),
            List.of(node),
            Map.of("w", packed, "s", factors),
            Map.of(),
            Annotations.NONE);
    return new Model(
        8,
        Map.of("", 17, "com.microsoft", 1),
        new Model.Producer("test", "", "", 0),
        graph,
        List.of(),
        Annotations.NONE);
  }

  private static Tensor ones() {
    Tensor x = Tensor.allocate(DType.FLOAT, Shape.of(1, K));
    for (long i = 0; i < K; i++) {
      x.setFloat(i, 1);
    }
    return x;
  }

  private static RunResult run(int bits, long scales) {
    try (Session session = Session.create(model(bits, scales), SessionOptions.DEFAULT)) {
      return session.run(Map.of("x", ones()), RunOptions.plain().withProfile());
    }
  }

  private static void assertSums(RunResult result, int weight) {
    Tensor y = (Tensor) result.values().get("y");
    for (int i = 0; i < N; i++) {
      assertThat(y.getFloat(i)).isEqualTo(K * weight * 0.5f * (i + 1));
    }
  }

  @Test
  void product_isAKernelOfBlocks_whenWeightsHaveFourOrEightBits() {
    for (int bits : new int[] {4, 8}) {
      RunResult result = run(bits, N);
      assertSums(result, (1 << (bits - 1)) - 1);
      NodeProfile row = result.profile().getFirst();
      assertThat(row.kernels())
          .singleElement()
          .satisfies(use -> assertThat(use.problem()).startsWith("BlockGemmProblem"));
    }
  }

  @Test
  void product_isTheReferences_whenWeightsHaveTwoBits() {
    RunResult result = run(2, N);
    assertSums(result, 1);
    assertThat(result.profile().getFirst().kernels()).isEmpty();
  }

  @Test
  void product_isRefused_whenScalesAreMissing() {
    assertThatThrownBy(() -> run(4, N - 1))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("scales");
  }
}
