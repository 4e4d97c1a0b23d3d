package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A job's report as the API documents it and the dashboard shows it. */
@Schema(
    name = "Report",
    description = "What a job cost in accuracy and gained in size and latency, measured")
public record ReportResource(
    @Schema(description = "Name of the job", example = "mnist-int8", requiredMode = REQUIRED)
        String job,
    @Schema(
            description = "The steps that ran",
            example = "[{\"quantize\": {\"mode\": \"static\"}}]",
            requiredMode = REQUIRED)
        List<Map<String, Object>> pipeline,
    @Schema(description = "Sizes", requiredMode = REQUIRED) Size size,
    @Schema(description = "Figures of accuracy", requiredMode = REQUIRED) List<Accuracy> accuracy,
    @Schema(description = "How close the outputs are", requiredMode = REQUIRED)
        List<Agreement> agreement,
    @Schema(description = "Every layer that could be compressed", requiredMode = REQUIRED)
        List<Layer> layers,
    @Schema(description = "Latency by runtime", requiredMode = REQUIRED) List<Latency> latency,
    @Schema(description = "What one inference takes", requiredMode = REQUIRED) Cost cost,
    @Schema(
            description = "The CPU on which it was measured",
            example = "{\"name\": \"Intel(R) Xeon(R) Platinum 8481C\"}",
            requiredMode = REQUIRED)
        Map<String, String> cpu,
    @Schema(description = "Whether the result is worth using", requiredMode = REQUIRED)
        Verdict verdict,
    @Schema(
            description = "Whether the goals are met; none without goals",
            example = "passed",
            allowableValues = {"passed", "failed", "none"},
            requiredMode = REQUIRED)
        String gate,
    @Schema(description = "The job's goals", requiredMode = REQUIRED) List<Goal> goals,
    @Schema(description = "How long each part took", requiredMode = REQUIRED) List<Stage> stages,
    @Schema(
            description = "What was skipped, and why",
            example = "[\"latency was not measured: the target is not this host\"]",
            requiredMode = REQUIRED)
        List<String> notes,
    @Schema(description = "Seed of everything random", example = "42", requiredMode = REQUIRED)
        long seed,
    @Schema(
            description = "Versions of the programs that took part",
            example = "{\"onnxruntime\": \"1.29.0\"}",
            requiredMode = REQUIRED)
        Map<String, String> versions) {

  /** Sizes in bytes. */
  @Schema(name = "ReportSize", description = "Sizes in bytes")
  public record Size(
      @Schema(description = "The parent's file", example = "313280", requiredMode = REQUIRED)
          long parent,
      @Schema(description = "The result's file", example = "90112", requiredMode = REQUIRED)
          long child,
      @Schema(description = "Result / parent", example = "0.288", requiredMode = REQUIRED)
          double ratio,
      @Schema(
              description = "What the quantized initializers took before",
              example = "310000",
              requiredMode = REQUIRED)
          long quantizedFp32,
      @Schema(description = "What they take now", example = "79000", requiredMode = REQUIRED)
          long quantized,
      @Schema(description = "Now / before", example = "0.255", requiredMode = REQUIRED)
          double quantizedRatio) {}

  /** A figure of accuracy. */
  @Schema(
      name = "ReportAccuracy",
      description = "A figure of accuracy, parent and result in the same runtime")
  public record Accuracy(
      @Schema(description = "Runtime", example = "onnxruntime", requiredMode = REQUIRED)
          String runtime,
      @Schema(description = "Metric", example = "top1", requiredMode = REQUIRED) String metric,
      @Schema(description = "Examples", example = "2000", requiredMode = REQUIRED) long samples,
      @Schema(description = "The parent's figure", example = "0.8025", requiredMode = REQUIRED)
          double parent,
      @Schema(description = "The result's figure", example = "0.801", requiredMode = REQUIRED)
          double child,
      @Schema(
              description = "How much worse the result is",
              example = "0.0015",
              requiredMode = REQUIRED)
          double drop) {}

  /** How close an output is. */
  @Schema(name = "ReportAgreement", description = "How close an output is to the parent's")
  public record Agreement(
      @Schema(description = "Runtime", example = "onnxruntime", requiredMode = REQUIRED)
          String runtime,
      @Schema(description = "Output", example = "Identity", requiredMode = REQUIRED) String output,
      @Schema(description = "Examples", example = "2000", requiredMode = REQUIRED) long samples,
      @Schema(
              description = "Fraction of examples with the same largest element, for scores",
              example = "0.991",
              nullable = true)
          @Nullable Double top1,
      @Schema(
              description = "Signal to noise in dB; null when the outputs are equal",
              example = "31.4",
              nullable = true)
          @Nullable Double sqnrDb,
      @Schema(
              description = "Largest absolute difference",
              example = "0.07",
              requiredMode = REQUIRED)
          double maxError) {}

  /** A layer. */
  @Schema(name = "ReportLayer", description = "A layer that could be compressed")
  public record Layer(
      @Schema(description = "Node", example = "conv1", requiredMode = REQUIRED) String node,
      @Schema(description = "Operator type", example = "Conv", requiredMode = REQUIRED)
          String opType,
      @Schema(description = "What it computes in", example = "int8", requiredMode = REQUIRED)
          String precision,
      @Schema(description = "Elements of its weights", example = "432", requiredMode = REQUIRED)
          long weights,
      @Schema(
              description =
                  "Signal to noise of the outputs in dB when only this layer is compressed; null"
                      + " when not measured",
              example = "38.2",
              nullable = true)
          @Nullable Double sqnrDb,
      @Schema(
              description =
                  "Loss of accuracy when only this layer is compressed, as a fraction, in the goal's"
                      + " metric, else in top-1 or agreement; null when not measured",
              example = "0.002",
              nullable = true)
          @Nullable Double drop,
      @Schema(
              description = "Why it is as it is",
              example = "kept in fp32: its weights are not constant",
              requiredMode = REQUIRED)
          String note) {}

  /** Latency in a runtime. */
  @Schema(
      name = "ReportLatency",
      description = "Latency of one inference in milliseconds, parent and result interleaved")
  public record Latency(
      @Schema(description = "Runtime", example = "onnxruntime", requiredMode = REQUIRED)
          String runtime,
      @Schema(description = "Examples of an inference", example = "1", requiredMode = REQUIRED)
          long batch,
      @Schema(description = "Threads", example = "1", requiredMode = REQUIRED) int threads,
      @Schema(description = "Runs that were timed", example = "200", requiredMode = REQUIRED)
          int runs,
      @Schema(description = "The parent's", requiredMode = REQUIRED) Percentiles parent,
      @Schema(description = "The result's", requiredMode = REQUIRED) Percentiles child,
      @Schema(
              description =
                  "Median of paired parent / result times; above 1 when the result is faster",
              example = "1.9",
              requiredMode = REQUIRED)
          double ratio,
      @Schema(description = "Its 10th percentile", example = "1.7", requiredMode = REQUIRED)
          double ratioLow,
      @Schema(description = "Its 90th percentile", example = "2.1", requiredMode = REQUIRED)
          double ratioHigh) {}

  /** Percentiles of latency. */
  @Schema(name = "ReportPercentiles", description = "Percentiles of latency in milliseconds")
  public record Percentiles(
      @Schema(description = "Median", example = "0.41", requiredMode = REQUIRED) double p50,
      @Schema(description = "95th percentile", example = "0.44", requiredMode = REQUIRED)
          double p95,
      @Schema(description = "99th percentile", example = "0.5", requiredMode = REQUIRED)
          double p99) {}

  /** What one inference takes. */
  @Schema(name = "ReportCost", description = "What one inference of an example takes")
  public record Cost(
      @Schema(
              description = "The parent's multiply-accumulates; null when they cannot be told",
              example = "12500992",
              nullable = true)
          @Nullable Long parentMacs,
      @Schema(
              description = "The result's multiply-accumulates; null when they cannot be told",
              example = "12500992",
              nullable = true)
          @Nullable Long childMacs,
      @Schema(
              description =
                  "Largest memory of the parent's values in bytes; null when not measured",
              example = "196608",
              nullable = true)
          @Nullable Long parentPeakBytes,
      @Schema(
              description =
                  "Largest memory of the result's values in bytes; null when not measured",
              example = "65536",
              nullable = true)
          @Nullable Long childPeakBytes) {}

  /** Whether the result is worth using. */
  @Schema(name = "ReportVerdict", description = "Whether the result is worth using, and why")
  public record Verdict(
      @Schema(
              description = "The verdict",
              example = "better",
              allowableValues = {"better", "not better"},
              requiredMode = REQUIRED)
          String result,
      @Schema(
              description = "The runtime it was judged in",
              example = "onnxruntime",
              requiredMode = REQUIRED)
          String runtime,
      @Schema(
              description = "Why",
              example = "[\"1.9 times as fast in onnxruntime\"]",
              requiredMode = REQUIRED)
          List<String> reasons) {}

  /** A goal of the job. */
  @Schema(name = "ReportGoal", description = "A goal of the job, and whether it was reached")
  public record Goal(
      @Schema(description = "Goal", example = "accuracy.maxDrop", requiredMode = REQUIRED)
          String goal,
      @Schema(description = "What was asked", example = "0.01", requiredMode = REQUIRED)
          double required,
      @Schema(
              description = "What was measured; null when it was not",
              example = "0.0015",
              nullable = true)
          @Nullable Double actual,
      @Schema(description = "Whether it was reached", example = "true", requiredMode = REQUIRED)
          boolean reached) {}

  /** A part of the job. */
  @Schema(name = "ReportStage", description = "How long a part of the job took")
  public record Stage(
      @Schema(description = "Part", example = "calibrate", requiredMode = REQUIRED) String name,
      @Schema(description = "Seconds", example = "1.8", requiredMode = REQUIRED) double seconds) {}
}
