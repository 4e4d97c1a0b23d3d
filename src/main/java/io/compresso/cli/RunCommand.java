package io.compresso.cli;

import io.compresso.data.NpyFiles;
import io.compresso.engine.RunOptions;
import io.compresso.engine.RunResult;
import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.evaluate.EngineRunner;
import io.compresso.evaluate.Runner;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs a model once on inputs from files. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = "Runs a model once. Inputs and outputs are NPY files, one a tensor.")
final class RunCommand implements Callable<Integer> {
  @Spec
  private @SuppressWarnings("NullAway.Init") CommandSpec spec;

  @Parameters(paramLabel = "MODEL", description = "The ONNX file.")
  private @SuppressWarnings("NullAway.Init") Path model;

  @Option(
      names = "--inputs",
      required = true,
      paramLabel = "DIR",
      description = "Holds NAME.npy for each input; / in a name is written _.")
  private @SuppressWarnings("NullAway.Init") Path inputs;

  @Option(
      names = "--outputs",
      required = true,
      paramLabel = "DIR",
      description = "Receives NAME.npy for each output; a sub-folder a runtime when several run.")
  private @SuppressWarnings("NullAway.Init") Path outputs;

  @Option(
      names = "--backend",
      split = ",",
      description = "Who runs it: ${COMPLETION-CANDIDATES} (default ours).")
  private List<Backend> backends = List.of(Backend.OURS);

  @Option(names = "--threads", description = "Threads of one run (default: all cores).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--isa",
      paramLabel = "CAP",
      description = "The best instruction set that our kernels may use, ref to avx512-vnni.")
  private String isa = "";

  @Option(names = "--unoptimised", description = "Our engine runs the graph as it is written.")
  private boolean unoptimised;

  @Option(
      names = "--profile",
      paramLabel = "FILE",
      description =
          "Receives time, bytes and kernels of each operator in our engine, as JSON; a table of them"
              + " is printed.")
  private @Nullable Path profile;

  @Override
  public Integer call() throws Exception {
    if (threads < 1) {
      throw new ParameterException(spec.commandLine(), "--threads must be at least 1");
    }
    if (!isa.isEmpty()) {
      try {
        System.setProperty(CpuFeatures.CAP_PROPERTY, Isa.ofName(isa).toString());
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), "--isa: " + e.getMessage(), e);
      }
    }
    PrintWriter out = spec.commandLine().getOut();
    for (Backend backend : backends) {
      try (Runner runner = open(backend)) {
        Map<String, Tensor> values = readInputs(runner);
        Path folder =
            backends.size() == 1
                ? outputs
                : outputs.resolve(backend.name().toLowerCase(java.util.Locale.ROOT));
        Files.createDirectories(folder);
        for (Map.Entry<String, Value> output : runner.run(values).entrySet()) {
          out.println(runner.runtime() + ": " + output.getKey() + " " + write(output, folder));
        }
        if (profile != null && backend == Backend.OURS) {
          List<RunResult.NodeProfile> rows = profile(values);
          Output.json(profile, rows, out);
          out.print(ProfileTable.of(rows));
        }
      }
    }
    out.flush();
    return 0;
  }

  private Runner open(Backend backend) throws IOException {
    return backend == Backend.OURS
        ? EngineRunner.open(ModelFile.read(model), options())
        : backend.open(model, threads);
  }

  private SessionOptions options() {
    return SessionOptions.DEFAULT.withThreads(threads).withOptimised(!unoptimised);
  }

  private Map<String, Tensor> readInputs(Runner runner) throws IOException {
    Map<String, Tensor> values = new LinkedHashMap<>();
    for (var input : runner.inputs()) {
      Path file = inputs.resolve(fileName(input.name()));
      if (!Files.exists(file)) {
        throw new IllegalArgumentException(
            "input " + input + " has no file; " + file + " is expected");
      }
      values.put(input.name(), NpyFiles.read(file));
    }
    return values;
  }

  /** Of the second run: the first one packs weights and makes code. */
  private List<RunResult.NodeProfile> profile(Map<String, Tensor> values) throws IOException {
    try (Session session = Session.create(ModelFile.read(model), options())) {
      session.run(values);
      return session.run(values, RunOptions.plain().withProfile()).profile();
    }
  }

  private static String write(Map.Entry<String, Value> output, Path folder) throws Exception {
    if (!(output.getValue() instanceof Tensor tensor)) {
      return "is not a tensor and was not written";
    }
    Path file = folder.resolve(fileName(output.getKey()));
    NpyFiles.write(tensor, file);
    return tensor + " -> " + file;
  }

  private static String fileName(String value) {
    return value.replaceAll("[^A-Za-z0-9._-]", "_") + ".npy";
  }
}
