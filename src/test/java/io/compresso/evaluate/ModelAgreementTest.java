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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Real models give the same in our engine as in ONNX Runtime, on random inputs. ONNX Runtime runs
 * the graph as it is written: where it fuses quantized operators, results differ by steps.
 */
@Tag("shared-data")
class ModelAgreementTest {
  /** Relative, and absolute for values below 1. */
  private static final double BOUND = 1e-4;

  private static final long[] SEEDS = {7, 8};

  private static double error(Value expected, Value actual) {
    if (!(expected instanceof Tensor e) || !(actual instanceof Tensor a)) {
      throw new AssertionError("an output is not a tensor");
    }
    assertThat(a.dtype()).isEqualTo(e.dtype());
    assertThat(a.shape()).isEqualTo(e.shape());
    double worst = 0;
    for (long i = 0; i < e.size(); i++) {
      double reference = e.getDouble(i);
      double difference = Math.abs(a.getDouble(i) - reference);
      worst = Math.max(worst, difference / Math.max(1, Math.abs(reference)));
      if (Double.isNaN(difference)) {
        return Double.NaN;
      }
    }
    return worst;
  }

  private static double error(Path file) throws Exception {
    Model model = OnnxCodec.read(file);
    double worst = 0;
    try (OrtRunner peer = OrtRunner.of(Files.readAllBytes(file));
        Session session = Session.create(model, SessionOptions.DEFAULT)) {
      for (long seed : SEEDS) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        for (ValueInfo input : model.graph().requiredInputs()) {
          inputs.put(input.name(), OrtRunner.random(input.name(), input.type(), seed));
        }
        Map<String, Value> actual = session.run(inputs);
        for (Map.Entry<String, Tensor> output : peer.run(inputs).entrySet()) {
          worst = Math.max(worst, error(output.getValue(), actual.get(output.getKey())));
        }
      }
    }
    return worst;
  }

  @Test
  void engine_agreesWithOnnxRuntime_onRealModels() {
    List<String> apart = new ArrayList<>();
    int agreeing = 0;
    for (Path file : SharedData.models()) {
      try {
        double error = error(file);
        System.out.printf("%-36s %.1e%n", file.getFileName(), error);
        if (error <= BOUND) {
          agreeing++;
          continue;
        }
        apart.add(file.getFileName() + ": differs by " + error);
      } catch (Exception | AssertionError e) {
        apart.add(file.getFileName() + ": " + e);
      }
    }
    assertThat(agreeing)
        .as("models that agree with ONNX Runtime; the others: %s", apart)
        .isEqualTo(SharedData.models().size());
  }
}
