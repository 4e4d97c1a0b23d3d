package io.compresso.cli;

import io.compresso.evaluate.ModelBench;
import io.compresso.evaluate.ModelInputs;
import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.evaluate.PeakMemory;
import io.compresso.evaluate.SessionCost;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.TensorSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Makes a model ready and runs it in this process, which should be a fresh one, and prints what
 * that costs: {@code COLD_MILLIS LOAD_MILLIS WARM_MILLIS PEAK_BYTES}. Without a model it does
 * nothing before that. The inputs are told on the command line, so that a process reads the model
 * in one runtime only.
 */
@Command(
    name = "probe",
    hidden = true,
    mixinStandardHelpOptions = true,
    description = "Prints the time and the peak memory of making a model ready.")
final class BenchProbeCommand implements Callable<Integer> {
  @Spec
  private @SuppressWarnings("NullAway.Init") CommandSpec spec;

  @Parameters(paramLabel = "MODEL", arity = "0..1", description = "The ONNX file.")
  private @Nullable Path model;

  @Option(names = "--backend", description = "Who runs it.")
  private Backend backend = Backend.OURS;

  @Option(names = "--input", description = "An input as DTYPE:DIMxDIMx...:NAME.")
  private List<String> inputs = List.of();

  @Option(names = "--millis", description = "How long warm creations are repeated.")
  private int millis = 2000;

  @Override
  public Integer call() {
    SessionCost cost = new SessionCost(0, 0, 0, PeakMemory.bytes().orElse(0));
    if (model != null) {
      Runnable load = () -> {};
      SessionCost.Opener opener = file -> ModelBench.openOurs(file, 1);
      if (backend == Backend.ORT) {
        load = OnnxRuntimePeer::environment;
        opener = file -> ModelBench.openPeer(file, 1);
      }
      cost =
          SessionCost.measure(
              load, opener, model, ModelInputs.random(specs(), 1), Duration.ofMillis(millis));
    }
    spec.commandLine()
        .getOut()
        .println(
            cost.coldMillis()
                + " "
                + cost.loadMillis()
                + " "
                + cost.warmMillis()
                + " "
                + cost.peakBytes());
    spec.commandLine().getOut().flush();
    return 0;
  }

  private Map<String, TensorSpec> specs() {
    Map<String, TensorSpec> specs = new LinkedHashMap<>();
    for (String input : inputs) {
      String[] parts = input.split(":", 3);
      long[] dims =
          parts[1].isEmpty()
              ? new long[0]
              : Arrays.stream(parts[1].split("x")).mapToLong(Long::parseLong).toArray();
      specs.put(parts[2], new TensorSpec(DType.valueOf(parts[0]), Shape.of(dims)));
    }
    return specs;
  }

  /**
   * How models are measured.
   *
   * @param processes so many fresh processes, of which the medians count
   * @param warm how long each repeats the creation
   */
  record Repeats(int processes, Duration warm) {}

  /** What a fresh process costs that does nothing. */
  static SessionCost idle(Repeats repeats) throws IOException, InterruptedException {
    return start(repeats, List.of());
  }

  /** What a model costs on one thread. */
  static SessionCost measure(
      Backend backend, Path model, Map<String, TensorSpec> inputs, Repeats repeats)
      throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("--backend", backend.name()));
    inputs.forEach((name, input) -> {
      String dims =
          Arrays.stream(input.shape().dims())
              .mapToObj(Long::toString)
              .collect(Collectors.joining("x"));
      arguments.addAll(List.of("--input", input.dtype().name() + ":" + dims + ":" + name));
    });
    arguments.addAll(List.of("--millis", Long.toString(repeats.warm().toMillis())));
    arguments.add(model.toAbsolutePath().toString());
    return start(repeats, arguments);
  }

  private static SessionCost start(Repeats repeats, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("bench", "probe"));
    command.addAll(arguments);
    List<SessionCost> costs = new ArrayList<>();
    for (int i = 0; i < repeats.processes(); i++) {
      Process process = OwnProcess.start(command);
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException("the process that measures a model failed: " + output);
      }
      String[] figures = output.strip().lines().toList().getLast().split(" ");
      costs.add(
          new SessionCost(
              Double.parseDouble(figures[0]),
              Double.parseDouble(figures[1]),
              Double.parseDouble(figures[2]),
              Long.parseLong(figures[3])));
    }
    return SessionCost.medianOf(costs);
  }
}
