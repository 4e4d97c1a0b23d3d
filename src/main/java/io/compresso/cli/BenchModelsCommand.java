package io.compresso.cli;

import io.compresso.evaluate.BenchNetworks;
import io.compresso.evaluate.ModelBench;
import io.compresso.evaluate.ModelInputs;
import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.evaluate.PeerException;
import io.compresso.evaluate.QuantizationNoise;
import io.compresso.evaluate.SessionCost;
import io.compresso.evaluate.Target;
import io.compresso.graph.GraphException;
import io.compresso.tensor.TensorSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
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

/** Times whole models against ONNX Runtime. */
@Command(
    name = "models",
    mixinStandardHelpOptions = true,
    description = {
      "Times whole models in our engine and in ONNX Runtime.",
      "The ratio is peer / ours, the median of pairs, with the 10th and the 90th percentile.",
      "Outputs must agree: floats by 60 dB, halves by 30 dB, 8-bit models by 40 dB or by as much"
          + " as ONNX Runtime agrees with itself without its optimizations.",
      "Creation is from the file to the end of the first run, less the time of a later one: cold is"
          + " the first in a fresh process, with the loading of our classes or of ONNX Runtime's"
          + " native library, whose part is told (load), warm the median of later ones in it, measured for"
          + " --millis after as long a warm-up. Peak memory is that of a fresh process, less an idle"
          + " one's. Both are on one thread and medians of --processes for each runtime."
    })
final class BenchModelsCommand implements Callable<Integer> {
  @Spec
  private @SuppressWarnings("NullAway.Init") CommandSpec spec;

  @Parameters(
      paramLabel = "MODEL",
      arity = "0..*",
      description =
          "Networks by name, with random weights, or ONNX files; by default all networks:"
              + " resnet-18, resnet-50, resnext-101, mobilenet-v2, shufflenet-v2, googlenet,"
              + " inception-v3, bert-base, lstm, gru, decoder-step, decoder-prompt, unet.")
  private List<String> models = List.of();

  @Option(
      names = "--dtype",
      split = ",",
      description = "f32, int8 or f16, also several (default: f32).")
  private List<String> dtypes = List.of("f32");

  @Option(names = "--batch", split = ",", description = "Samples of a run (default: 1).")
  private List<Integer> batches = List.of(1);

  @Option(names = "--threads", split = ",", description = "Threads of a run (default: 1).")
  private List<Integer> threads = List.of(1);

  @Option(
      names = "--millis",
      description = "How long each is measured, after as long a warm-up (${DEFAULT-VALUE}).")
  private int millis = 1500;

  @Option(
      names = "--no-memory",
      negatable = true,
      description = "Whether creation and peak memory are measured (default: true).")
  private boolean memory = true;

  @Option(
      names = "--processes",
      description =
          "Fresh processes for each runtime in which creation and peak memory are measured"
              + " (${DEFAULT-VALUE}).")
  private int processes = 3;

  @Option(names = "--json", description = "Writes the rows to this file; - is standard output.")
  private @Nullable Path json;

  private final Map<List<Object>, SessionCost> costs = new HashMap<>();
  private @Nullable Long idleBytes;

  /** What is reported of a model. */
  record Row(
      String model,
      String dtype,
      String peerDtype,
      int batch,
      int threads,
      double oursMillis,
      double peerMillis,
      double ratio,
      double ratioLow,
      double ratioHigh,
      @Nullable Double oursPeakMb,
      @Nullable Double peerPeakMb,
      @Nullable Double oursCreateMillis,
      @Nullable Double peerCreateMillis,
      @Nullable Double oursColdCreateMillis,
      @Nullable Double peerColdCreateMillis,
      @Nullable Double peerLoadMillis,
      @Nullable Double agreementDb,
      @Nullable QuantizationNoise noise,
      @Nullable String disagreement) {}

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    check();
    out.println(
        "%s; peer: ONNX Runtime %s".formatted(Target.host().cpu(), OnnxRuntimePeer.version()));
    List<Row> rows = new ArrayList<>();
    try (TemporaryFolder work = TemporaryFolder.create("compresso-bench")) {
      BenchVariants variants = new BenchVariants(work.path());
      for (String model : models.isEmpty() ? BenchNetworks.names() : models) {
        Path file = file(model, work.path());
        for (String dtype : dtypes) {
          try {
            rows.addAll(rows(variants.subject(name(model), dtype, file), out));
          } catch (GraphException e) {
            out.println(name(model) + " " + dtype + " is left out: " + e.getMessage());
          }
        }
        variants.clear();
      }
    }
    Output.json(json, rows, out);
    out.println();
    out.print(table(rows));
    out.flush();
    return rows.stream().allMatch(row -> row.disagreement == null) ? 0 : 1;
  }

  private void check() {
    for (String dtype : dtypes) {
      if (!BenchVariants.DTYPES.contains(dtype)) {
        throw new ParameterException(
            spec.commandLine(),
            "--dtype: unknown '" + dtype + "', known are " + BenchVariants.DTYPES);
      }
    }
    for (int value : batches) {
      requirePositive("--batch", value);
    }
    for (int value : threads) {
      requirePositive("--threads", value);
    }
    requirePositive("--millis", millis);
    requirePositive("--processes", processes);
    for (String model : models) {
      if (!BenchNetworks.names().contains(model) && !Files.exists(Path.of(model))) {
        throw new ParameterException(
            spec.commandLine(),
            "'" + model + "' is neither a file nor one of " + BenchNetworks.names());
      }
    }
  }

  private void requirePositive(String option, int value) {
    if (value < 1) {
      throw new ParameterException(spec.commandLine(), option + " must be at least 1");
    }
  }

  private static String name(String model) {
    String file = String.valueOf(Path.of(model).getFileName());
    return file.endsWith(".onnx") ? file.substring(0, file.length() - 5) : file;
  }

  private static Path file(String model, Path work) throws IOException {
    if (!BenchNetworks.names().contains(model)) {
      return Path.of(model);
    }
    Path file = work.resolve(model + ".onnx");
    BenchNetworks.write(model, file);
    return file;
  }

  private List<Row> rows(ModelBench.Subject subject, PrintWriter out) throws Exception {
    List<Row> rows = new ArrayList<>();
    for (int batch : batches) {
      if (!ModelBench.takesBatch(subject.ours(), batch)) {
        continue;
      }
      for (int count : threads) {
        ModelBench.Result result;
        try {
          result = ModelBench.run(subject, batch, count, Duration.ofMillis(millis));
        } catch (PeerException e) {
          throw new IllegalStateException(subject.model() + ": " + e.getMessage(), e);
        }
        Row row = row(result);
        rows.add(row);
        out.println(line(row));
        out.flush();
      }
    }
    return rows;
  }

  private Row row(ModelBench.Result result) throws Exception {
    ModelBench.Subject subject = result.subject();
    SessionCost ours = cost(Backend.OURS, subject.ours(), result);
    SessionCost peer = cost(Backend.ORT, subject.peer(), result);
    return new Row(
        subject.model(),
        subject.dtype(),
        subject.peerDtype(),
        result.batch(),
        result.threads(),
        result.ours().p50(),
        result.peer().p50(),
        result.ratio().median(),
        result.ratio().low(),
        result.ratio().high(),
        peakMb(ours),
        peakMb(peer),
        ours == null ? null : (Double) ours.warmMillis(),
        peer == null ? null : (Double) peer.warmMillis(),
        ours == null ? null : (Double) ours.coldMillis(),
        peer == null ? null : (Double) peer.coldMillis(),
        peer == null ? null : (Double) peer.loadMillis(),
        result.agreementDb(),
        result.noise(),
        result.disagreement());
  }

  private @Nullable SessionCost cost(Backend backend, Path model, ModelBench.Result result)
      throws Exception {
    if (!memory) {
      return null;
    }
    List<Object> key = List.of(backend, model, result.batch());
    SessionCost known = costs.get(key);
    if (known == null) {
      Map<String, TensorSpec> inputs =
          ModelInputs.specs(ModelFile.read(model).graph(), result.batch());
      known = BenchProbeCommand.measure(backend, model, inputs, repeats());
      costs.put(key, known);
    }
    return known;
  }

  private BenchProbeCommand.Repeats repeats() {
    return new BenchProbeCommand.Repeats(processes, Duration.ofMillis(millis));
  }

  /** Megabytes above those of an idle process. */
  private @Nullable Double peakMb(@Nullable SessionCost cost) throws Exception {
    if (cost == null) {
      return null;
    }
    Long idle = idleBytes;
    if (idle == null) {
      idle = BenchProbeCommand.idle(repeats()).peakBytes();
      idleBytes = idle;
    }
    return (cost.peakBytes() - idle) / 1e6;
  }

  private static String line(Row row) {
    return Output.format(
        "%-14s %-4s vs %-4s b%d t%d %9.2f ms, peer %9.2f ms, ratio %5.2f (%5.2f .. %5.2f)%s,"
            + " agreement %s",
        row.model,
        row.dtype,
        row.peerDtype,
        row.batch,
        row.threads,
        row.oursMillis,
        row.peerMillis,
        row.ratio,
        row.ratioLow,
        row.ratioHigh,
        row.oursPeakMb == null
            ? ""
            : Output.format(
                ", created in %s ms, peer %s ms, cold %s ms, peer %s ms (load %s), peak %s MB, peer %s MB",
                rounded(row.oursCreateMillis),
                rounded(row.peerCreateMillis),
                rounded(row.oursColdCreateMillis),
                rounded(row.peerColdCreateMillis),
                rounded(row.peerLoadMillis),
                rounded(row.oursPeakMb),
                rounded(row.peerPeakMb)),
        agreement(row));
  }

  private static String agreement(Row row) {
    String figure = decibels(row.agreementDb);
    if (row.noise != null) {
      figure +=
          " (peer with itself "
              + decibels(row.noise.peerDb())
              + "; with the original "
              + decibels(row.noise.oursToOriginalDb())
              + ", peer "
              + decibels(row.noise.peerToOriginalDb())
              + ")";
    }
    return row.disagreement == null ? figure : "MISMATCH: " + row.disagreement + ", " + figure;
  }

  private static String decibels(@Nullable Double ratio) {
    return ratio == null ? "exact" : Output.format("%.0f dB", ratio);
  }

  private static String table(List<Row> rows) {
    return Output.table(
        List.of(
            "model",
            "dtype",
            "peer",
            "batch",
            "threads",
            "ours ms",
            "peer ms",
            "ratio",
            "low",
            "high",
            "create ms",
            "peer ms",
            "cold ms",
            "peer ms",
            "load ms",
            "peak MB",
            "peer MB",
            "agreement"),
        rows.stream()
            .map(row ->
                List.of(
                    row.model,
                    row.dtype,
                    row.peerDtype,
                    Integer.toString(row.batch),
                    Integer.toString(row.threads),
                    Output.format("%.2f", row.oursMillis),
                    Output.format("%.2f", row.peerMillis),
                    Output.format("%.2f", row.ratio),
                    Output.format("%.2f", row.ratioLow),
                    Output.format("%.2f", row.ratioHigh),
                    rounded(row.oursCreateMillis),
                    rounded(row.peerCreateMillis),
                    rounded(row.oursColdCreateMillis),
                    rounded(row.peerColdCreateMillis),
                    rounded(row.peerLoadMillis),
                    rounded(row.oursPeakMb),
                    rounded(row.peerPeakMb),
                    agreement(row)))
            .toList());
  }

  private static String rounded(@Nullable Double value) {
    return value == null ? "" : Output.format(value < 10 ? "%.1f" : "%.0f", value);
  }
}
