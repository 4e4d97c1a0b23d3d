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
