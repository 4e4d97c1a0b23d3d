package io.compresso.cli;

import io.compresso.evaluate.KernelBench;
import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.evaluate.Target;
import io.compresso.kernel.CorePeak;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.tensor.DType;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Times kernels against models of one operator in ONNX Runtime. */
@Command(
    name = "kernels",
    mixinStandardHelpOptions = true,
    description = {
      "Times our kernels against ONNX Runtime on models of one operator.",
      "The ratio is peer / ours, the median of pairs, with the 10th and the 90th percentile."
    })
final class BenchKernelsCommand implements Callable<Integer> {
  private static final double MOST_BUSY_RATIO = 1.3;

  @Spec
  private @SuppressWarnings("NullAway.Init") CommandSpec spec;

  @Option(names = "--threads", description = "Threads of both sides (default: ${DEFAULT-VALUE}).")
  private int threads = 1;

  @Option(
      names = "--isa",
      paramLabel = "CAP",
      description =
          "The best instruction set that ours may use, ref to avx512-bf16; ours is then compared"
              + " with our own without a cap.")
  private String isa = "";

  @Option(names = "--family", split = ",", description = "Which families (default: all).")
  private List<String> families = List.of();

  @Option(
      names = "--dtype",
      split = ",",
      description = "Which types, of f32, int8, f16, bf16 and int4 (default: all).")
  private List<String> dtypes = List.of();

  @Option(
      names = "--shapes",
      split = ",",
      paramLabel = "LIST",
      description = "Only shapes whose name holds one of these, for example resnet-50.")
  private List<String> shapes = List.of();

  @Option(
      names = "--millis",
      description = "How long a shape is measured, after as long a warm-up (${DEFAULT-VALUE}).")
  private int millis = 300;

  @Option(
      names = "--busy-core",
      description =
          "Times ours alone, on one thread and on two, while another process keeps a core busy;"
              + " fails where the median of two threads is more than 1.3 times that of one.")
  private boolean busyCore;

  @Option(names = "--json", description = "Writes the rows to this file; - is standard output.")
  private @Nullable Path json;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    KernelBench.Options options = options();
    if (busyCore) {
      return besideABusyProcess(options, out);
    }
    out.println(header());
    out.flush();
    List<KernelBench.Row> rows =
        new KernelBench(options)
            .run(row -> {
              out.println(line(row));
              out.flush();
            });
    if (rows.isEmpty()) {
      throw new ParameterException(spec.commandLine(), "no kernel and shape is selected");
    }
    Output.json(json, rows, out);
    out.println();
    out.print(summary(rows));
    out.flush();
    return 0;
  }

  private int besideABusyProcess(KernelBench.Options options, PrintWriter out) throws Exception {
    List<KernelBench.BusyRow> rows;
    Process busy = OwnProcess.start(List.of("bench", "busy"));
    try {
      rows =
          KernelBench.runBusy(
              options,
              row -> {
                out.println(
                    Output.format(
                        "%-11s %-4s %-38s one thread %10.1f us, two %10.1f us, ratio %5.2f %s",
                        row.family(),
                        row.dtype(),
                        row.shape(),
                        row.oneThreadMicros(),
                        row.twoThreadsMicros(),
                        row.ratio(),
                        row.kernel()));
                out.flush();
              });
      if (!busy.isAlive()) {
        throw new IllegalStateException("the process that keeps a core busy has ended");
      }
    } finally {
      busy.destroyForcibly();
    }
    Output.json(json, rows, out);
    KernelBench.BusyRow worst =
        rows.stream().max(Comparator.comparingDouble(KernelBench.BusyRow::ratio)).orElse(null);
    if (worst == null) {
      throw new ParameterException(spec.commandLine(), "no kernel and shape is selected");
    }
    out.println(
        Output.format(
            "%d shapes, the worst ratio of two threads to one is %.2f: %s %s %s",
            rows.size(), worst.ratio(), worst.family(), worst.dtype(), worst.shape()));
    out.flush();
    return worst.ratio() <= MOST_BUSY_RATIO ? 0 : 1;
  }

  private KernelBench.Options options() {
    if (threads < 1 || millis < 1) {
      throw new ParameterException(spec.commandLine(), "--threads and --millis must be at least 1");
    }
    requireKnown("--family", families, KernelBench.families());
    requireKnown("--dtype", dtypes, KernelBench.dtypes());
    Optional<Isa> cap = CpuFeatures.host().cap();
    if (!isa.isEmpty()) {
      try {
        cap = Optional.of(Isa.ofName(isa));
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), "--isa: " + e.getMessage(), e);
      }
    }
    return new KernelBench.Options(
        threads, cap, families, dtypes, shapes, Duration.ofMillis(millis));
  }

  private void requireKnown(String option, List<String> given, List<String> known) {
    for (String value : given) {
      if (!known.contains(value)) {
        throw new ParameterException(
            spec.commandLine(), option + ": unknown '" + value + "', known are " + known);
      }
    }
  }

  private String header() {
    List<String> peaks = new ArrayList<>();
    for (DType dtype : List.of(DType.FLOAT, DType.BFLOAT16, DType.INT8)) {
      CorePeak.macsPerSecond(dtype)
          .ifPresent(rate -> peaks.add(Output.format("%s %.0f", dtype, 2e-9 * rate)));
    }
    String peer =
        isa.isEmpty()
            ? "ONNX Runtime " + OnnxRuntimePeer.version()
            : "our own kernels without a cap";
    return "%s; peer: %s; peak of a core in Gop/s: %s"
        .formatted(Target.host().cpu(), peer, String.join(", ", peaks));
  }

  private static String line(KernelBench.Row row) {
    return Output.format(
        "%-9s %-4s vs %-4s t%d %-38s %10.1f us, peer %10.1f us, ratio %6.2f (%5.2f .. %6.2f), %s %s",
        row.family(),
        row.dtype(),
        row.peerDtype(),
        row.threads(),
        row.shape(),
        row.oursMicros(),
        row.peerMicros(),
        row.ratio(),
        row.ratioLow(),
        row.ratioHigh(),
        row.peakFraction() == null
            ? ""
            : Output.format("%3.0f %% of peak", 100 * row.peakFraction()),
        row.kernel());
  }

  private static String summary(List<KernelBench.Row> rows) {
    return Output.table(
        List.of(
            "family", "dtype", "peer", "shapes", "n", "mean ratio", "worst", "worst shape", "why"),
        KernelBench.summarize(rows).stream()
            .map(summary ->
                List.of(
                    summary.family(),
                    summary.dtype(),
                    summary.peerDtype(),
                    summary.list(),
                    Integer.toString(summary.shapes()),
                    Output.format("%.2f", summary.ratio()),
                    Output.format("%.2f", summary.worstRatio()),
                    summary.worst(),
                    summary.why()))
            .toList());
  }
}
