package io.compresso.cli;

import io.compresso.evaluate.ModelBench;
import io.compresso.evaluate.ModelInputs;
import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.evaluate.PeerException;
import io.compresso.evaluate.PeerOptions;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.onnx.OnnxCodec;
import io.compresso.technique.BatchSource;
import io.compresso.technique.JobHost;
import io.compresso.technique.JobSpec;
import io.compresso.technique.StepContext;
import io.compresso.technique.Technique;
import io.compresso.technique.TechniqueCatalog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Makes the precisions of a model that the bench compares, with the project's own techniques. */
final class BenchVariants {
  static final List<String> DTYPES = List.of("f32", "int8", "f16");

  private static final int CALIBRATION_RUNS = 4;

  private final Path work;

  BenchVariants(Path work) {
    this.work = work;
  }

  /**
   * The model in a precision. Convolutions are quantized statically, with the ranges of random
   * inputs, and other models dynamically. Half precision is compared with the original. Where ONNX
   * Runtime does not take a quantized model, it gets the original.
   *
   * @throws io.compresso.graph.GraphException if the model cannot be had in the precision
   */
  ModelBench.Subject subject(String name, String dtype, Path file) throws IOException {
    if (dtype.equals("f32")) {
      return new ModelBench.Subject(name, dtype, file, dtype, file, null);
    }
    Path variant = work.resolve(name + "-" + dtype + ".onnx");
    Model model = OnnxCodec.read(file);
    if (dtype.equals("f16")) {
      OnnxCodec.write(apply("quantize", Map.of("mode", "fp16"), model), variant);
      return new ModelBench.Subject(name, dtype, variant, "f32", file, null);
    }
    OnnxCodec.write(quantized(model), variant);
    return loads(variant)
        ? new ModelBench.Subject(name, dtype, variant, dtype, variant, file)
        : new ModelBench.Subject(name, dtype, variant, "f32", file, null);
  }

  /** Deletes all files of the work folder. */
  void clear() throws IOException {
    try (var files = Files.list(work)) {
      for (Path made : files.toList()) {
        if (Files.isRegularFile(made)) {
          Files.delete(made);
        }
      }
    }
  }

  private static boolean loads(Path model) {
    try (OnnxRuntimePeer _ = OnnxRuntimePeer.open(model, PeerOptions.threads(1))) {
      return true;
    } catch (PeerException _) {
      return false;
    }
  }

  /** The model with weights and activations of 8 bits. */
  Model quantized(Model model) {
    boolean convolutions =
        model.graph().nodes().stream().map(Node::opType).anyMatch("Conv"::equals);
    Map<String, Object> parameters =
        convolutions
            ? Map.of(
                "mode",
                "static",
                "weights",
                Map.of("observer", "min-max", "correctBias", false),
                "activations",
                Map.of("observer", "min-max"))
            : Map.of("mode", "dynamic");
    return apply("quantize", parameters, model);
  }

  private Model apply(String technique, Map<String, Object> parameters, Model model) {
    JobSpec.Step step = JobSpec.of(technique, parameters).pipeline().getFirst();
    Technique<?> found = TechniqueCatalog.find(technique).orElseThrow();
    return apply(found, step.parameters(), model);
  }

  private <P extends Record> Model apply(Technique<P> technique, Record parameters, Model model) {
    // The least budget: no time is spent on reports of sensitivity.
    JobSpec.Budget budget = new JobSpec.Budget(1, 0.01, JobSpec.Budget.DEFAULT.maxMemoryMb());
    StepContext context =
        new StepContext(random(model), null, "auto", budget, 1, work, JobHost.LOCAL);
    return technique.apply(model, technique.parameters().cast(parameters), context).model();
  }

  private static BatchSource random(Model model) {
    return new BatchSource() {
      @Override
      public long samples() {
        return CALIBRATION_RUNS;
      }

      @Override
      public void forEach(Consumer consumer) {
        for (int i = 0; i < CALIBRATION_RUNS; i++) {
          consumer.accept(ModelInputs.random(model.graph(), 1, i + 1), 1);
        }
      }
    };
  }
}
