package io.compresso.cli;

import io.compresso.evaluate.ModelBench;
import io.compresso.evaluate.ModelInputs;
import io.compresso.evaluate.PeakMemory;
import io.compresso.evaluate.Runner;
import io.compresso.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Runs a model in this process, which should be a fresh one, and prints the most memory that it
 * took. Without a model it does nothing before that.
 */
@Command(
    name = "probe",
    hidden = true,
    mixinStandardHelpOptions = true,
    description = "Prints the peak memory in bytes of a process that runs a model.")
final class BenchProbeCommand implements Callable<Integer> {
  private static final int RUNS = 3;

  @Spec
  private @SuppressWarnings("NullAway.Init") CommandSpec spec;

  @Parameters(paramLabel = "MODEL", arity = "0..1", description = "The ONNX file.")
  private @Nullable Path model;

  @Option(names = "--backend", description = "Who runs it.")
  private Backend backend = Backend.OURS;

  @Option(names = "--batch", description = "Samples of a run.")
  private int batch = 1;

  @Override
  public Integer call() throws Exception {
    if (model != null) {
      Map<String, Tensor> inputs = ModelInputs.random(ModelFile.read(model).graph(), batch, 1);
      try (Runner runner =
          backend == Backend.OURS ? ModelBench.openOurs(model, 1) : ModelBench.openPeer(model, 1)) {
        for (int i = 0; i < RUNS; i++) {
          runner.run(inputs);
        }
      }
    }
    spec.commandLine().getOut().println(PeakMemory.bytes().orElse(0));
    spec.commandLine().getOut().flush();
    return 0;
  }

  /** Peak of a fresh process that does nothing, in megabytes. */
  static double idle() throws IOException, InterruptedException {
    return start(List.of());
  }

  /** Peak of a fresh process that runs a model, in megabytes. */
  static double peak(Backend backend, Path model, int batch)
      throws IOException, InterruptedException {
    return start(
        List.of(
            "--backend",
            backend.name(),
            "--batch",
            Integer.toString(batch),
            model.toAbsolutePath().toString()));
  }

  private static double start(List<String> arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("bench", "probe"));
    command.addAll(arguments);
    Process process = OwnProcess.start(command);
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException("the process that measures memory failed: " + output);
    }
    return Long.parseLong(output.strip().lines().toList().getLast()) / 1e6;
  }
}
