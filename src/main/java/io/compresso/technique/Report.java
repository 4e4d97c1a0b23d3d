package io.compresso.technique;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a job cost in accuracy and gained in size and latency, measured. Plain records of scalars,
 * lists and maps, so that any JSON library writes it.
 *
 * @param job the job's name
 * @param pipeline the steps that ran, as in the job
 * @param layers one for each layer that a technique could compress
 * @param notes what the reader should know: what was skipped, and why
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
    Cost cost,
    Map<String, String> cpu,
    Verdict verdict,
    String gate,
    List<GoalResult> goals,
    List<Stage> stages,
    List<String> notes,
    long seed,
    Map<String, String> versions) {

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
   */
  public record Layer(
      String node,
      String opType,
      String precision,
      long weights,
      @Nullable Double sqnrDb,
      @Nullable Double drop,
      String note) {}

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

  /** The report as plain maps, lists and scalars. */
  public Map<String, Object> toMap() {
    return RecordBinder.toMap(this);
  }
}
