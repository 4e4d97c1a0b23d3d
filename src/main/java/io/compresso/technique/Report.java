package io.compresso.technique;

import io.compresso.technique.report.HtmlReport;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a job cost in accuracy and gained in size and latency, measured. Plain records of scalars,
 * lists and maps, so that any JSON library writes it.
 *
 * @param job the job's name
 * @param pipeline the steps that ran, as in the job
 * @param layers one for each layer that a technique could compress
 * @param notes what the reader should know: what was skipped, and why
 * @param operators the time of each operator before and after; null when it was not measured
 * @param variants the parent, what a search tried, and the result, as far as they were measured
 * @param estimates what the advice foretold, held against what was measured; empty when it says
 *     nothing of what ran
 * @param gate {@code passed}, {@code failed}, or {@code none} when the job has no goals
 * @param seed the job's seed
 * @param versions of the programs that took part, by name
 */
public record Report(
    String job,
    List<Map<String, Object>> pipeline,
    Size size,
    List<Accuracy> accuracy,
    List<Agreement> agreement,
    List<Layer> layers,
    List<Latency> latency,
    @Nullable Operators operators,
    List<Variant> variants,
    List<Estimate> estimates,
    Cost cost,
    Map<String, String> cpu,
    Verdict verdict,
    String gate,
    List<GoalResult> goals,
    List<Stage> stages,
    List<String> notes,
    long seed,
    Map<String, String> versions) {
  public Report {
    // Reports of versions before these fields are read without them.
    variants = Objects.requireNonNullElse(variants, List.of());
    estimates = Objects.requireNonNullElse(estimates, List.of());
  }

  /**
   * Sizes in bytes.
   *
   * @param parent the parent's file
   * @param child the result's file
   * @param ratio child / parent
   * @param quantizedFp32 what the initializers that were quantized took before
   * @param quantized what they take now
   * @param quantizedRatio quantized / quantizedFp32; 1 when nothing was quantized
   */
  public record Size(
      long parent,
      long child,
      double ratio,
      long quantizedFp32,
      long quantized,
      double quantizedRatio) {}

  /**
   * One figure of accuracy on the evaluation data, parent and result in the same runtime.
   *
   * @param runtime {@code onnxruntime} or {@code compresso}
   * @param drop how much worse the result is: positive is worse
   */
  public record Accuracy(
      String runtime, String metric, long samples, double parent, double child, double drop) {}

  /**
   * How close one output of the result is to the parent's.
   *
   * @param top1 the fraction of samples whose largest element is the same, null for outputs that
   *     are not scores
   * @param sqnrDb signal to quantization noise over all samples, in dB; null when the outputs are
   *     equal
   * @param maxError the largest absolute difference
   */
  public record Agreement(
      String runtime,
      String output,
      long samples,
      @Nullable Double top1,
      @Nullable Double sqnrDb,
      double maxError) {}

  /**
   * One layer.
   *
   * @param precision what it computes in now: {@code int8}, {@code fp32}...
   * @param sqnrDb of the model's outputs when only this layer is compressed, in dB; null when it
   *     was not measured
   * @param drop loss of accuracy when only this layer is compressed, in the goal's metric, else in
   *     top-1 or agreement, on a part of the evaluation data; null when it was not measured
   * @param weights elements of its weights
   * @param note why it is as it is, empty when there is nothing to say
   * @param histogram of its weights; null when they are as they were
   */
  public record Layer(
      String node,
      String opType,
      String precision,
      long weights,
      @Nullable Double sqnrDb,
      @Nullable Double drop,
      String note,
      @Nullable Histogram histogram) {}

  /**
   * Weights of a layer before and after, counted in bins of equal width.
   *
   * @param low where the first bin begins
   * @param high where the last one ends
   * @param before weights in each bin, as the layer had them when its precision was chosen
   * @param after as many bins, of the values that the stored weights stand for
   * @param sqnrDb of the weights themselves, in dB; null when they are equal
   */
  public record Histogram(
      double low, double high, List<Long> before, List<Long> after, @Nullable Double sqnrDb) {}

  /**
   * Time of the operators of one inference, parent and result in turns on the same samples.
   *
   * @param runs of each, after a warm-up
   * @param parentMicros sum of the median times of the parent's operators, in microseconds
   * @param childMicros the same of the result's
   * @param types the times by kind of operator, the longest first
   * @param rows operators that compute the same nodes of the model, the longest first; those that
   *     take least are one row without nodes when there are many
   */
  public record Operators(
      String runtime,
      long batch,
      int threads,
      int runs,
      double parentMicros,
      double childMicros,
      List<OperatorType> types,
      List<Operator> rows) {}

  /** The median times of all operators of a kind, in microseconds. */
  public record OperatorType(String opType, double parentMicros, double childMicros) {}

  /**
   * Operators that compute the same nodes of the model.
   *
   * @param nodes labels of the model's nodes; of the result's where the parent has no such node
   * @param parentOperators what the parent ran: kinds of operators
   * @param childOperators what the result ran
   * @param parentMicros median time in the parent, in microseconds; 0 when it has no such node
   * @param childMicros median time in the result; 0 when it has no such node
   * @param parentKernels their kernels
   * @param childKernels their kernels
   */
  public record Operator(
      List<String> nodes,
      List<String> parentOperators,
      List<String> childOperators,
      double parentMicros,
      double childMicros,
      List<String> parentKernels,
      List<String> childKernels) {}

  /**
   * One form of the model, measured in ONNX Runtime on the evaluation data.
   *
   * @param role {@code parent}, {@code tried} by a search, or {@code result}
   * @param metric what {@code drop} is in; empty when there is none
   * @param drop loss of accuracy; null when it was not measured
   * @param sqnrDb of the outputs, in dB; null when it was not measured, or they are equal
   * @param bytes of its file
   * @param speedup median of paired parent / variant times; null when it was not measured
   * @param runs pairs of runs that {@code speedup} is of; 0 when it was not measured
   */
  public record Variant(
      String name,
      String role,
      String metric,
      @Nullable Double drop,
      @Nullable Double sqnrDb,
      long bytes,
      @Nullable Double speedup,
      int runs) {}

  /**
   * A figure of the advice for the technique that ran.
   *
   * @param advice the advice's title
   * @param target the CPU that the estimate is for
   * @param quantity {@code size} (result / parent) or {@code speedup} (parent / result)
   * @param measured null when it was not measured
   * @param ratio measured / estimate
   * @param how what was measured
   */
  public record Estimate(
      String advice,
      String target,
      String quantity,
      double estimate,
      @Nullable Double measured,
      @Nullable Double ratio,
      String how) {}

  /**
   * Latency of one inference after warm-up, parent and result interleaved, in milliseconds.
   *
   * @param ratio median of paired parent / child times; above 1 when the result is faster
   * @param ratioLow its 10th percentile
   * @param ratioHigh its 90th percentile
   */
  public record Latency(
      String runtime,
      long batch,
      int threads,
      int runs,
      Percentiles parent,
      Percentiles child,
      double ratio,
      double ratioLow,
      double ratioHigh) {}

  /** Latency percentiles in milliseconds. */
  public record Percentiles(double p50, double p95, double p99) {}

  /**
   * What one inference of a sample takes.
   *
   * @param parentMacs multiply-accumulates of the parent, null when they cannot be told
   * @param childMacs those of the result
   * @param parentPeakBytes largest memory that the values of a run took together, null when not
   *     measured
   */
  public record Cost(
      @Nullable Long parentMacs,
      @Nullable Long childMacs,
      @Nullable Long parentPeakBytes,
      @Nullable Long childPeakBytes) {}

  /**
   * Whether the result is worth using.
   *
   * @param result {@code better} or {@code not better}
   * @param runtime the runtime it was judged in
   * @param reasons why, with the operators that cost most
   */
  public record Verdict(String result, String runtime, List<String> reasons) {}

  /** One goal of the job, and whether it was reached; {@code actual} is null when not measured. */
  public record GoalResult(
      String goal, double required, @Nullable Double actual, boolean reached) {}

  /** How long a part of the job took. */
  public record Stage(String name, double seconds) {}

  /** The report for people, in GitHub's Markdown. */
  public String markdown() {
    return MarkdownReport.of(this);
  }

  /** The report as one HTML file with charts, which needs no network and no script. */
  public String html() {
    return HtmlReport.of(this);
  }

  /** The report as plain maps, lists and scalars. */
  public Map<String, Object> toMap() {
    return RecordBinder.toMap(this);
  }
}
