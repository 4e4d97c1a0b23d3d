package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.evaluate.ModelInputs;
import io.compresso.graph.Model;
import io.compresso.onnx.OnnxCodec;
import io.compresso.testing.HeapPerRun;
import io.compresso.testing.SharedData;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What runs of real models leave to the garbage collector. */
@Tag("shared-data")
class AllocationSharedTest {
  private static final long MOST_BYTES = 1024;

  static List<Path> models() {
    return SharedData.models();
  }

  @ParameterizedTest
  @MethodSource("models")
  void run_allocatesNextToNothing_inSteadyState(Path file) throws Exception {
    Model model = OnnxCodec.read(file);
    for (int threads = 1; threads <= 2; threads++) {
      try (Session session = Session.create(model, SessionOptions.DEFAULT.withThreads(threads))) {
        long bytes =
            HeapPerRun.steady(session, ModelInputs.random(model.graph(), 1, 1), MOST_BYTES);
        assertThat(bytes).as("bytes per run on %d threads", threads).isBetween(0L, MOST_BYTES);
      }
    }
  }
}
