package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import io.compresso.testing.OrtRunner;
import io.compresso.testing.SharedData;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Real models give the same in our engine as in ONNX Runtime, on random inputs. ONNX Runtime runs
 * the graph as it is written. Sums that are quantized fall to the other side of a step here and
 * there, as floats add up in another order.
 */
@Tag("shared-data")
class ModelAgreementTest {
  /** Relative, and absolute for values below 1. */
  private static final double BOUND = 1e-4;

  /** The share of elements that may lie further apart where the model quantizes. */
  private static final double STEPS = 0.01;

  private static final long[] SEEDS = {7, 8};

  /** The largest error, and the share of elements whose error is over the bound. */
  private record Difference(double error, double share) {
    Difference max(Difference other) {
      return new Difference(Math.max(error, other.error), Math.max(share, other.share));
    }
  }

  private static Difference difference(Value expected, @Nullable Value actual) {
    if (!(expected instanceof Tensor e) || !(actual instanceof Tensor a)) {
      throw new AssertionError("an output is not a tensor");
    }
    assertThat(a.dtype()).isEqualTo(e.dtype());
    assertThat(a.shape()).isEqualTo(e.shape());
    double worst = 0;
    double apart = 0;
    for (long i = 0; i < e.size(); i++) {
      double reference = e.getDouble(i);
      double error = Math.abs(a.getDouble(i) - reference) / Math.max(1, Math.abs(reference));
      worst = Math.max(worst, error);
      apart += error <= BOUND ? 0 : 1;
    }
    return new Difference(worst, apart / Math.max(1, e.size()));
  }

  private static Difference difference(Path file) throws Exception {
    Model model = OnnxCodec.read(file);
    Difference worst = new Difference(0, 0);
    try (OrtRunner peer = OrtRunner.of(Files.readAllBytes(file));
        Session session = Session.create(model, SessionOptions.DEFAULT)) {
      for (long seed : SEEDS) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        for (ValueInfo input : model.graph().requiredInputs()) {
          inputs.put(input.name(), OrtRunner.random(input.name(), input.type(), seed));
        }
        Map<String, Value> actual = session.run(inputs);
        for (Map.Entry<String, Tensor> output : peer.run(inputs).entrySet()) {
          worst = worst.max(difference(output.getValue(), actual.get(output.getKey())));
        }
      }
    }
    return worst;
  }

  private static boolean quantizes(Path file) throws Exception {
    return OnnxCodec.read(file).graph().nodes().stream()
        .anyMatch(node -> node.is("QuantizeLinear"));
  }

  @Test
  void engine_agreesWithOnnxRuntime_onRealModels() {
    List<String> apart = new ArrayList<>();
    for (Path file : SharedData.models()) {
      try {
        Difference difference = difference(file);
        System.out.printf(
            "%-36s %.1e, %.3f %% apart%n",
            file.getFileName(), difference.error(), 100 * difference.share());
        if (difference.share() > (quantizes(file) ? STEPS : 0)) {
          apart.add(file.getFileName() + ": differs by " + difference);
        }
      } catch (Exception | AssertionError e) {
        apart.add(file.getFileName() + ": " + e);
      }
    }
    assertThat(apart).as("models that differ from ONNX Runtime").isEmpty();
  }
}
