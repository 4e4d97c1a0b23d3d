package io.compresso.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.evaluate.ModelInputs;
import io.compresso.evaluate.models.Networks;
import io.compresso.graph.Model;
import io.compresso.onnx.OnnxCodec;
import io.compresso.testing.HeapPerRun;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What runs of the bench's networks leave to the garbage collector, in each precision. */
class BenchAllocationTest {
  private static final long MOST_BYTES = 1024;

  @TempDir Path folder;

  private static void check(Model model) {
    for (int threads = 1; threads <= 2; threads++) {
      try (Session session = Session.create(model, SessionOptions.DEFAULT.withThreads(threads))) {
        long bytes =
            HeapPerRun.steady(session, ModelInputs.random(model.graph(), 1, 1), MOST_BYTES);
        assertThat(bytes).as("bytes per run on %d threads", threads).isBetween(0L, MOST_BYTES);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Networks.class)
  void run_allocatesNextToNothing_ofFloats(Networks network) {
    check(network.small());
  }

  @ParameterizedTest
  @CsvSource({
    "MOBILENET_V2, int8",
    "MOBILENET_V2, f16",
    "SHUFFLENET_V2, int8",
    "SHUFFLENET_V2, f16",
    "GOOGLENET, int8",
    "GOOGLENET, f16",
    "BERT_BASE, int8",
    "BERT_BASE, f16",
    "LSTM, int8",
    "LSTM, f16",
    "GRU, int8",
    "GRU, f16",
    "UNET, int8",
    "UNET, f16"
  })
  void run_allocatesNextToNothing_inOtherPrecisions(Networks network, String dtype)
      throws IOException {
    Path file = folder.resolve("model.onnx");
    OnnxCodec.write(network.small(), file);
    check(OnnxCodec.read(new BenchVariants(folder).subject("model", dtype, file).ours()));
  }
}
