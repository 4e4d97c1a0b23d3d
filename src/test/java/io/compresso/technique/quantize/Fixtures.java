package io.compresso.technique.quantize;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.engine.ValueListener;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.onnx.OnnxCodec;
import io.compresso.technique.BatchSource;
import io.compresso.technique.JobHost;
import io.compresso.technique.JobSpec;
import io.compresso.technique.StepContext;
import io.compresso.technique.Technique;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.OrtRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** What the tests of quantization share: data, contexts, both runtimes, and the ratio of noise. */
final class Fixtures {
  private Fixtures() {}

  /** Random inputs of the model. */
  static Map<String, Tensor> inputs(Model model, long seed) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (ValueInfo input : model.graph().requiredInputs()) {
      inputs.put(input.name(), OrtRunner.random(input.name(), input.type(), seed));
    }
    return inputs;
  }

  /** Normal numbers times {@code scale}. */
  static Tensor gaussian(long seed, float scale, long... dims) {
    Random random = new Random(seed);
    float[] values = new float[(int) Shape.of(dims).size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * scale;
    }
    return Tensor.ofFloats(Shape.of(dims), values);
  }

  /** {@code size} batches of one sample. */
  static BatchSource source(int size, IntFunction<Map<String, Tensor>> inputs) {
    return new BatchSource() {
      @Override
      public long samples() {
        return size;
      }

      @Override
      public void forEach(Consumer consumer) {
        for (int i = 0; i < size; i++) {
          consumer.accept(inputs.apply(i), 1);
        }
      }
    };
  }

  static StepContext context(@Nullable BatchSource calibration, Path work) {
    return new StepContext(
        calibration, null, "auto", JobSpec.Budget.DEFAULT, 42, work, JobHost.LOCAL);
  }

  /** A context whose budget lets a search take a few seconds. */
  static StepContext briefly(@Nullable BatchSource calibration, Path work) {
    return within(0.05, calibration, work);
  }

  /** A context whose budget is this many minutes. */
  static StepContext within(double minutes, @Nullable BatchSource calibration, Path work) {
    JobSpec.Budget budget = new JobSpec.Budget(4, minutes, 4096);
    return new StepContext(calibration, null, "auto", budget, 42, work, JobHost.LOCAL);
  }

  static QuantizeParams params(Map<String, ?> fields) {
    return (QuantizeParams) JobSpec.of("quantize", fields).pipeline().getFirst().parameters();
  }

  /** Applies the technique; what its check finds fails the test. */
  static Technique.Outcome quantize(Model model, Map<String, ?> fields, StepContext context) {
    Quantize technique = new Quantize();
    QuantizeParams params = params(fields);
    List<?> problems = technique.check(model, params, context);
    if (!problems.isEmpty()) {
      throw new AssertionError(problems);
    }
    return technique.apply(model, params, context);
  }

  static Map<String, Tensor> inPeer(Model model, Map<String, Tensor> inputs, Path work)
      throws IOException, OrtException {
    Path file = Files.createTempFile(work, "peer", ".onnx");
    OnnxCodec.write(model, file);
    try (OrtRunner runner = OrtRunner.of(Files.readAllBytes(file), OptLevel.ALL_OPT)) {
      return runner.run(inputs);
    }
  }

  static Map<String, Tensor> inEngine(Model model, Map<String, Tensor> inputs) {
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      session
          .run(inputs)
          .forEach((name, value) -> {
            if (value instanceof Tensor tensor) {
              outputs.put(name, tensor);
            }
          });
    }
    return outputs;
  }

  /** Runs the model in the engine and shows the values in between. */
  static void observe(Model model, Map<String, Tensor> inputs, ValueListener listener) {
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      session.run(inputs, listener);
    }
  }

  /** Signal to noise over all float outputs, in dB; 200 when they are equal. */
  static double sqnr(Map<String, Tensor> expected, Map<String, Tensor> actual) {
    double signal = 0;
    double noise = 0;
    for (Map.Entry<String, Tensor> entry : expected.entrySet()) {
      Tensor x = entry.getValue();
      Tensor y = actual.get(entry.getKey());
      if (!x.dtype().isFloat() || x.dtype() == DType.STRING) {
        continue;
      }
      for (long i = 0; i < x.size(); i++) {
        double difference = x.getDouble(i) - y.getDouble(i);
        signal += x.getDouble(i) * x.getDouble(i);
        noise += difference * difference;
      }
    }
    return noise == 0 ? 200 : 10 * Math.log10(signal / noise);
  }
}
