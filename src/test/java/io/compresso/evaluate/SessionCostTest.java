package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionCostTest {
  private static final int LAYERS = 8;
  private static final int WIDTH = 2048;
  private static final long SETTLED = 1 << 20;

  @TempDir Path folder;

  /**
   * A file with matrices of different names and the same elements, so that writing takes little.
   */
  private Path file(int width) throws IOException {
    Tensor weights = Tensor.allocate(DType.FLOAT, Shape.of(width, width));
    SplittableRandom random = new SplittableRandom(3);
    for (long i = 0; i < weights.size(); i++) {
      weights.setFloat(i, (float) (random.nextDouble() - 0.5) / width);
    }
    Graphs graph = Graphs.opset(17).input("x0", ValueType.tensor(DType.FLOAT, Shape.of(4, width)));
    for (int i = 0; i < LAYERS; i++) {
      graph.constant("w" + i, weights);
      graph.node("x%d = MatMul x%d w%d".formatted(i + 1, i, i));
    }
    Path file = folder.resolve("model.onnx");
    OnnxCodec.write(graph.output("x" + LAYERS).model(), file);
    return file;
  }

  /** The most bytes that opening the model and a run take beyond what the process had. */
  private static long growth(Path file) throws IOException, InterruptedException {
    Map<String, Tensor> inputs = Map.of("x0", Tensor.allocate(DType.FLOAT, Shape.of(4, WIDTH)));
    long before = settled();
    try (Session session =
        Session.create(OnnxCodec.read(file), SessionOptions.DEFAULT.withThreads(1))) {
      session.run(inputs);
      return PeakMemory.bytes().orElseThrow() - before;
    }
  }

  /** What the process has once what earlier tests have left is given back. */
  private static long settled() throws InterruptedException {
    System.gc();
    long last = Long.MAX_VALUE;
    while (true) {
      assertThat(PeakMemory.reset()).isTrue();
      long bytes = PeakMemory.bytes().orElseThrow();
      if (bytes >= last - SETTLED) {
        return bytes;
      }
      last = bytes;
      Thread.sleep(200);
    }
  }

  @Test
  void creation_holdsWeightsOnce_whenTheyLieInAFile() throws Exception {
    Path file = file(WIDTH);
    long weights = 4L * LAYERS * WIDTH * WIDTH;
    assertThat(growth(file)).isBetween(weights / 2, weights * 3 / 2);
  }

  @Test
  void measure_givesCreationsAndThePeak() throws IOException {
    Path file = file(64);
    Map<String, Tensor> inputs = Map.of("x0", Tensor.allocate(DType.FLOAT, Shape.of(4, 64)));
    SessionCost cost =
        SessionCost.measure(
            () -> {}, model -> ModelBench.openOurs(model, 1), file, inputs, Duration.ofMillis(1));
    assertThat(cost.coldMillis()).isPositive();
    assertThat(cost.warmMillis()).isPositive();
    assertThat(cost.peakBytes() > 0).isEqualTo(PeakMemory.bytes().isPresent());
  }

  @Test
  void medianOf_takesEachFigureByItself() {
    assertThat(
            SessionCost.medianOf(
                List.of(
                    new SessionCost(3, 4, 10, 7),
                    new SessionCost(1, 6, 30, 9),
                    new SessionCost(2, 5, 20, 8))))
        .isEqualTo(new SessionCost(2, 5, 20, 8));
  }
}
