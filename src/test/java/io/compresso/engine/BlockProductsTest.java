package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Dim;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Products with dequantized weights read them as they are stored. */
class BlockProductsTest {
  private static final int K = 104;
  private static final int N = 67;

  private static Tensor integers(DType type, long seed, long... dims) {
    SplittableRandom random = new SplittableRandom(seed);
    Tensor tensor = Tensor.allocate(type, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setLong(i, random.nextLong(type.minValue(), type.maxValue() + 1));
    }
    return tensor;
  }

  private static Tensor scales(long... dims) {
    Tensor tensor = OptimisedRuns.random(5, dims);
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, 0.01f * (1.5f + tensor.getFloat(i)));
    }
    return tensor;
  }

  /**
   * A product of x and weights, in blocks of the depth or, with 0, by channel, with -1 as a whole.
   */
  private static Model model(
      DType type, int block, boolean transposed, boolean zeroPoints, String... nodes) {
    long blocks = block > 0 ? Math.ceilDiv(K, block) : 1;
    long[] scale =
        block == -1
            ? new long[0]
            : block == 0
                ? new long[] {N}
                : transposed ? new long[] {N, blocks} : new long[] {blocks, N};
    boolean alongDepth = block > 0;
    Graphs graph =
        Graphs.opset(21)
            .input("x", new ValueType.TensorType(DType.FLOAT, List.of(Dim.symbol("m"), Dim.of(K))))
            .constant("w", integers(type, 1, transposed ? new long[] {N, K} : new long[] {K, N}))
            .constant("s", scales(scale))
            .constant("b", OptimisedRuns.random(3, N))
            .constant("z", integers(type, 2, scale))
            .node(
                "d = DequantizeLinear w s" + (zeroPoints ? " z" : ""),
                "axis",
                transposed == alongDepth ? 1 : 0,
                "block_size",
                Math.max(0, block));
    for (String node : nodes) {
      if (node.startsWith("y = Gemm")) {
        graph.node(node, "transB", transposed ? 1 : 0);
      } else {
        graph.node(node);
      }
    }
    return graph.output("y").model();
  }

  private static void assertReadsBlocks(Model model) {
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      for (int m : new int[] {1, 5, 40}) {
        List<RunResult.NodeProfile> profile =
            OptimisedRuns.check(session, model, Map.of("x", OptimisedRuns.random(m, m, K)));
        assertThat(profile.stream().flatMap(row -> row.kernels().stream()).toList())
            .anySatisfy(use -> assertThat(use.problem()).startsWith("BlockGemmProblem"));
        assertThat(profile).noneMatch(row -> row.opType().equals("DequantizeLinear"));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "INT4, 32, true", "INT4, 0, false", "UINT4, 16, true", "UINT4, -1, false", "INT8, 48, true",
    "INT8, 0, false", "UINT8, 128, true", "UINT8, 0, true", "INT4, 512, true", "INT8, -1, true"
  })
  void weights_areReadAsTheyAreStored(DType type, int block, boolean zeroPoints) {
    assertReadsBlocks(model(type, block, false, zeroPoints, "y = MatMul x d"));
    assertReadsBlocks(model(type, block, false, zeroPoints, "p = MatMul x d", "y = Add b p"));
    assertReadsBlocks(model(type, block, true, zeroPoints, "y = Gemm x d b"));
    assertReadsBlocks(model(type, block, true, zeroPoints, "t = Transpose d", "y = MatMul x t"));
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 24})
  void weights_becomeFloats_whenTheirBlocksAreNoBlocksOfTheKernel(int block) {
    Model model = model(DType.INT8, block, false, true, "y = MatMul x d");
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      List<RunResult.NodeProfile> profile =
          OptimisedRuns.check(session, model, Map.of("x", OptimisedRuns.random(4, 4, K)));
      assertThat(profile.stream().flatMap(row -> row.kernels().stream()).toList())
          .noneMatch(use -> use.problem().startsWith("BlockGemmProblem"));
    }
  }

  @ParameterizedTest
  @CsvSource({"INT4, 32, true", "UINT4, 0, true", "UINT4, 16, false", "INT8, 64, true"})
  void tables_areReadAsTheyAreStored(DType type, int block, boolean zeroPoints) {
    int depth = 128;
    long[] scale = block == 0 ? new long[] {N} : new long[] {N, depth / block};
    Model model =
        Graphs.opset(21)
            .input("ids", ValueType.tensor(DType.INT64, Shape.of(2, 3)))
            .constant("w", integers(type, 1, N, depth))
            .constant("s", scales(scale))
            .constant("z", integers(type, 2, scale))
            .node(
                "d = DequantizeLinear w s" + (zeroPoints ? " z" : ""),
                "axis",
                block == 0 ? 0 : 1,
                "block_size",
                block)
            .node("y = Gather d ids")
            .output("y")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      Tensor ids = Tensor.ofLongs(Shape.of(2, 3), 0, N - 1, 5, -1, 5, -N);
      assertThat(OptimisedRuns.check(session, model, Map.of("ids", ids)))
          .extracting(RunResult.NodeProfile::opType)
          .containsExactly("GatherBlockQuantized");
    }
  }

  @Test
  void weights_areStillDequantized_whenOthersReadThem() {
    Model model =
        model(DType.INT4, 32, false, true, "p = MatMul x d", "q = ReduceSum d", "y = Add p q");
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      OptimisedRuns.check(session, model, Map.of("x", OptimisedRuns.random(4, 4, K)));
    }
  }
}
