package io.compresso.engine.mutated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.evaluate.models.Networks;
import io.compresso.graph.GraphException;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import io.compresso.testing.SharedData;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged models give a clear error or run, in bounded time and memory. */
class MutatedModelsTest {
  @TempDir Path folder;

  @Test
  void damagedNetworks_runOrGiveAClearError() throws Exception {
    List<Path> files = new ArrayList<>();
    for (Networks network : List.of(Networks.SHUFFLENET_V2, Networks.BERT_BASE, Networks.LSTM)) {
      files.add(folder.resolve(network + ".onnx"));
      OnnxCodec.write(network.small(), files.getLast());
    }
    assertThat(MutatedRuns.run(files, 0, 40)).isEmpty();
  }

  @Test
  void reshape_isRefused_whenAConstantHasTooFewElements() {
    Graphs graph =
        Graphs.opset(17)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(2, 24)))
            .constant("c", Tensor.allocate(DType.FLOAT, Shape.of(8)))
            .constant("shape", Tensor.ofLongs(Shape.of(2), 2, 24))
            .node("r = Reshape c shape")
            .node("y = Add x r")
            .output("y");
    assertRefused(graph, Tensor.allocate(DType.FLOAT, Shape.of(2, 24)));
  }

  @Test
  void pool_isRefusedSoon_whenItsPaddingIsHuge() {
    Graphs graph =
        Graphs.opset(17)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(1, 1, 4, 4)))
            .node(
                "y = MaxPool x",
                "kernel_shape",
                new long[] {2, 2},
                "pads",
                new long[] {0, 0, Integer.MAX_VALUE - 100, 0})
            .output("y");
    assertRefused(graph, Tensor.allocate(DType.FLOAT, Shape.of(1, 1, 4, 4)));
  }

  @Test
  void concat_isRefused_whenTypesDiffer() {
    Graphs graph =
        Graphs.opset(17)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(1, 2)))
            .constant("c", Tensor.ofBytes(DType.INT8, Shape.of(1, 2), (byte) 1, (byte) 2))
            .node("y = Concat x c", "axis", 1)
            .output("y");
    assertRefused(graph, Tensor.allocate(DType.FLOAT, Shape.of(1, 2)));
  }

  @Test
  void reduction_takesNoAxesFromAnInput_beforeItsVersionHasOne() {
    Graphs graph =
        Graphs.opset(11)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(2, 3)))
            .constant("axes", Tensor.ofFloats(Shape.of(1), 0))
            .node("s = ReduceSum x axes")
            .node("y = Relu s")
            .output("y");
    try (Session session = Session.create(graph.model(), new SessionOptions(1, 256L << 20))) {
      Tensor x = Tensor.ofFloats(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
      Tensor y = (Tensor) session.run(Map.of("x", x)).get("y");
      assertThat(y.shape()).isEqualTo(Shape.of(1, 1));
      assertThat(y.toFloats()).containsExactly(21);
    }
  }

  private static void assertRefused(Graphs graph, Tensor x) {
    assertThatThrownBy(
            () -> {
              try (Session session =
                  Session.create(graph.model(), new SessionOptions(1, 256L << 20))) {
                session.run(Map.of("x", x));
              }
            })
        .isInstanceOf(GraphException.class);
  }

  /** Property {@code mutations}: how many, over all models. */
  @Tag("shared-data")
  @Test
  void damagedRealModels_runOrGiveAClearError() throws Exception {
    List<Path> files = SharedData.models();
    int count = Integer.getInteger("mutations", 1000) / files.size();
    assertThat(MutatedRuns.run(files, 0, count)).isEmpty();
  }
}
