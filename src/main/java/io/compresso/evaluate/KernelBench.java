package io.compresso.evaluate;

import io.compresso.evaluate.LatencyBench.Pairs;
import io.compresso.evaluate.bench.BlockCases;
import io.compresso.evaluate.bench.Contender;
import io.compresso.evaluate.bench.ConvCases;
import io.compresso.evaluate.bench.CopyCases;
import io.compresso.evaluate.bench.ElementCases;
import io.compresso.evaluate.bench.KernelCase;
import io.compresso.evaluate.bench.MatrixCases;
import io.compresso.evaluate.bench.PoolCases;
import io.compresso.evaluate.bench.Roof;
import io.compresso.evaluate.bench.RowCases;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.tensor.DType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Times the kernels of the catalogue against models of one operator in ONNX Runtime, in this
 * process.
 *
 * <p>On one thread the two are called in turns. On more threads ONNX Runtime's idle threads spin
 * after a run, as they do by default; so blocks of calls alternate, and a block begins when no
 * thread of the process computes any more. Both sides run in the layout that they are fastest in,
 * and both write into memory that is made once. Under a cap of the instruction set our capped
 * kernel is timed against our own without a cap, and not against the peer.
 */
public final class KernelBench {
  /** The list of all lists. */
  private static final String ALL = "all";

  /** Products of floats by weights of fewer bits. */
  private static final String WEIGHT_ONLY = "weight-only";

  private static final Duration BLOCK = Duration.ofMillis(5);
  private static final Duration TRIAL = Duration.ofMillis(40);
  private static final int LEAST_TRIALS = 5;
  private static final int MOST_TRIALS = 2000;
  private static final int LEAST_PAIRS = 7;
  private static final int MOST_PAIRS = 20_000;

  /** A family and its cases by our type and the peer's, of the types that it has. */
  private record Family(
      String name, List<Types> types, BiFunction<DType, DType, List<KernelCase>> cases) {
    Family(String name, BiFunction<DType, DType, List<KernelCase>> cases) {
      this(name, TYPES, cases);
    }
  }

  /** What one row compares. */
  private record Types(DType ours, DType peer) {}

  private static final List<Types> TYPES =
      List.of(
          new Types(DType.FLOAT, DType.FLOAT),
          new Types(DType.INT8, DType.INT8),
          new Types(DType.FLOAT16, DType.FLOAT16),
          new Types(DType.FLOAT16, DType.FLOAT),
          new Types(DType.BFLOAT16, DType.FLOAT));

  /** Weights of products of floats. */
  private static final List<Types> WEIGHTS =
      List.of(new Types(DType.INT4, DType.INT4), new Types(DType.INT8, DType.INT8));

  private static final List<Family> FAMILIES =
      List.of(
          new Family("gemm", MatrixCases::matrices),
          new Family("gemv", MatrixCases::vectors),
          new Family(WEIGHT_ONLY, WEIGHTS, (ours, _) -> BlockCases.cases(ours)),
          new Family("conv", ConvCases::dense),
          new Family("depthwise", ConvCases::depthwise),
          new Family("pool", PoolCases::cases),
          new Family("softmax", RowCases::softmax),
          new Family("layernorm", RowCases::layerNorm),
          new Family("gelu", ElementCases::gelu),
          new Family("quantize", ElementCases::quantize),
          new Family("dequantize", ElementCases::dequantize),
          new Family("elementwise", ElementCases::elementwise),
          new Family("reduce", RowCases::reduce),
          new Family("copy", CopyCases::cases));

  private final Options options;

  public KernelBench(Options options) {
    this.options = options;
  }

  /**
   * What is timed.
   *
   * @param threads that each side may use
   * @param cap the best rung that ours may use
   * @param families names of families; all when empty
   * @param dtypes names of types; all when empty
   * @param shapes parts of the names of shapes, such as {@code resnet-50}; all when empty
   * @param measure how long one shape is measured, after warming up for as long
   */
  public record Options(
      int threads,
      Optional<Isa> cap,
      List<String> families,
      List<String> dtypes,
      List<String> shapes,
      Duration measure) {}

  /**
   * One shape.
   *
   * @param kernel the kernel's id
   * @param ratio median of the paired ratios peer / ours
   * @param ratioLow their 10th percentile
   * @param ratioHigh their 90th percentile
   * @param peakFraction the least time that the hardware needs, as a fraction of ours: for products
   *     by the core's multiply-adds, for a vector by a matrix by the reading of the weights, for
   *     others by a copy of their bytes; null where it cannot be measured
   * @param why what bounds our time, from these figures
   */
  public record Row(
      String family,
      String dtype,
      String peerDtype,
      String shape,
      int threads,
      String kernel,
      double oursMicros,
      double peerMicros,
      double ratio,
      double ratioLow,
      double ratioHigh,
      @Nullable Double peakFraction,
      String why) {}

  /**
   * One shape beside a process that keeps a core busy.
   *
   * @param ratio two threads / one thread, of the medians: what the second thread costs or gains
   */
  public record BusyRow(
      String family,
      String dtype,
      String shape,
      String kernel,
      double oneThreadMicros,
      double twoThreadsMicros,
      double ratio) {}

  /**
   * The shapes of one list, or of all lists.
   *
   * @param list the list's name, {@code all} for all
   * @param ratio geometric mean of the ratios
   * @param worst the shape with the least ratio
   * @param why what bounds our time on the worst shape
   */
  public record Summary(
      String family,
      String dtype,
      String peerDtype,
      String list,
      int shapes,
      double ratio,
      String worst,
      double worstRatio,
      String why) {}

  /** The names of all families. */
  public static List<String> families() {
    return FAMILIES.stream().map(Family::name).toList();
  }

  /** Names of types. */
  public static List<String> dtypes() {
    return Stream.concat(TYPES.stream(), WEIGHTS.stream())
        .map(types -> KernelCase.name(types.ours))
        .distinct()
        .toList();
  }

  /** Runs the bench; {@code rows} gets each row when it is there. */
  public List<Row> run(Consumer<Row> rows) {
    List<Row> all = new ArrayList<>();
    forEach(
        options,
        (family, types, shape, item) -> {
          boolean repeated =
              options.cap.isPresent() && types.ours == DType.FLOAT16 && types.peer == DType.FLOAT;
          if (!repeated) {
            row(family, types.ours, shape, item)
                .ifPresent(row -> {
                  all.add(row);
                  rows.accept(row);
                });
          }
        });
    return all;
  }

  /**
   * Times 500 calls on one thread and on two, in turns, while another process keeps a core busy;
   * {@code rows} gets each row when it is there. The peer takes no part.
   *
   * @param options of which the threads and the time do not count
   */
  public static List<BusyRow> runBusy(Options options, Consumer<BusyRow> rows) {
    List<BusyRow> all = new ArrayList<>();
    CpuFeatures best = CpuFeatures.host().withoutCap();
    CpuFeatures cpu = options.cap.map(CpuFeatures::host).orElse(best);
    forEach(
        options,
        (family, types, shape, item) -> {
          if (types.ours == DType.FLOAT16 && types.peer == DType.FLOAT) {
            return;
          }
          BusyCore.time(item, cpu)
              .ifPresent(times -> {
                BusyRow row =
                    new BusyRow(
                        family,
                        KernelCase.name(types.ours),
                        shape,
                        times.kernel(),
                        times.oneThreadMicros(),
                        times.twoThreadsMicros(),
                        times.twoThreadsMicros() / times.oneThreadMicros());
                all.add(row);
                rows.accept(row);
              });
        });
    return all;
  }

  /** Takes one case after the other. */
  private interface Visitor {
    void visit(String family, Types types, String shape, KernelCase item);
  }

  private static void forEach(Options options, Visitor visitor) {
    for (Family family : FAMILIES) {
      if (!matches(options.families, family.name::equals)) {
        continue;
      }
      for (Types types : family.types) {
        if (!matches(options.dtypes, KernelCase.name(types.ours)::equals)) {
          continue;
        }
        for (KernelCase item : family.cases.apply(types.ours, types.peer)) {
          String shape = item.list() + " " + item.shape();
          if (matches(options.shapes, shape::contains)) {
            visitor.visit(family.name, types, shape, item);
          }
        }
      }
    }
  }

  private static boolean matches(List<String> wanted, Predicate<String> test) {
    return wanted.isEmpty() || wanted.stream().anyMatch(test);
  }

  private Optional<Row> row(String family, DType type, String shape, KernelCase item) {
    String dtype = KernelCase.name(type);
    boolean isOfBlocks = family.equals(WEIGHT_ONLY);
    CpuFeatures best = CpuFeatures.host().withoutCap();
    CpuFeatures cpu = options.cap.map(CpuFeatures::host).orElse(best);
    List<Contender> ours = ours(item, cpu);
    if (ours.isEmpty()) {
      return Optional.empty();
    }
    try (Contender own = fastest(ours);
        Contender peer = fastest(options.cap.isPresent() ? ours(item, best) : peers(item))) {
      Pairs pairs = time(own, peer);
      double micros = median(pairs.first()) / 1e3;
      Ratio ratio = Ratio.of(pairs.second(), pairs.first());
      double peerMicros = median(pairs.second()) / 1e3;
      Roof.Limit limit = item.roof().limit(options.threads).orElse(null);
      return Optional.of(
          new Row(
              family,
              dtype,
              options.cap.isPresent() ? dtype : KernelCase.name(item.peerDtype()),
              shape,
              options.threads,
              own.name(),
              micros,
              peerMicros,
              ratio.median(),
              ratio.low(),
              ratio.high(),
              limit == null ? null : limit.seconds() * 1e6 / micros,
              RowReason.of(micros, peerMicros, ratio, limit, isOfBlocks ? DType.FLOAT : type)));
    }
  }

  private List<Contender> ours(KernelCase item, CpuFeatures cpu) {
    return item.ours().stream().flatMap(own -> own.open(cpu, options.threads).stream()).toList();
  }

  private List<Contender> peers(KernelCase item) {
    List<Contender> peers = new ArrayList<>();
    PeerException refusal = null;
    for (KernelCase.Peer peer : item.peers()) {
      try {
        peers.add(peer.open(options.threads));
      } catch (PeerException e) {
        refusal = refusal == null ? e : refusal;
      }
    }
    if (peers.isEmpty() && refusal != null) {
      throw refusal;
    }
    return peers;
  }

  /** Closes all but the one that is fastest in a short trial. */
  private Contender fastest(List<Contender> contenders) {
    Contender best = contenders.getFirst();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < contenders.size() && contenders.size() > 1; i++) {
      rest();
      long nanos = trial(contenders.get(i));
      if (nanos < least) {
        least = nanos;
        best = contenders.get(i);
      }
    }
    for (Contender contender : contenders) {
      if (contender != best) {
        contender.close();
      }
    }
    rest();
    return best;
  }

  private static long trial(Contender contender) {
    long least = Long.MAX_VALUE;
    long end = System.nanoTime() + TRIAL.toNanos();
    for (int i = 0; i < MOST_TRIALS && (i < LEAST_TRIALS || System.nanoTime() < end); i++) {
      long start = System.nanoTime();
      contender.run();
      least = Math.min(least, System.nanoTime() - start);
    }
    return least;
  }

  private void rest() {
    if (options.threads > 1) {
      Idle.await();
    }
  }

  private Pairs time(Contender own, Contender peer) {
    LatencyOptions latency =
        new LatencyOptions(options.measure, options.measure, LEAST_PAIRS, MOST_PAIRS);
    return options.threads > 1
        ? LatencyBench.timeInBlocks(own::run, peer::run, latency, BLOCK, Idle::await)
        : LatencyBench.time(own::run, peer::run, latency);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return Percentiles.at(sorted, 0.5);
  }

  /** The geometric mean of each group of rows: of every list, and of all lists of a family. */
  public static List<Summary> summarize(List<Row> rows) {
    Map<List<String>, List<Row>> groups = new LinkedHashMap<>();
    for (Row row : rows) {
      for (String list : List.of(listOf(row), ALL)) {
        groups
            .computeIfAbsent(
                List.of(row.family, row.dtype, row.peerDtype, list), _ -> new ArrayList<>())
            .add(row);
      }
    }
    List<Summary> summaries = new ArrayList<>();
    groups.forEach((key, group) -> summaries.add(summary(key, group)));
    summaries.sort(
        Comparator.comparing((Summary summary) -> families().indexOf(summary.family))
            .thenComparing(summary -> dtypes().indexOf(summary.dtype))
            .thenComparing(Summary::peerDtype)
            .thenComparing(summary -> summary.list.equals(ALL)));
    return summaries;
  }

  private static String listOf(Row row) {
    return row.shape.substring(0, row.shape.indexOf(' '));
  }

  private static Summary summary(List<String> key, List<Row> rows) {
    double logs = rows.stream().mapToDouble(row -> Math.log(row.ratio)).sum();
    Row worst = rows.stream().min(Comparator.comparingDouble(Row::ratio)).orElseThrow();
    return new Summary(
        key.get(0),
        key.get(1),
        key.get(2),
        key.get(3),
        rows.size(),
        Math.exp(logs / rows.size()),
        worst.shape,
        worst.ratio,
        worst.why);
  }
}
