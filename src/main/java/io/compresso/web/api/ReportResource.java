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
    @Schema(
            description =
                "Time of each operator before and after in this engine; absent when not measured")
        @Nullable Operators operators,
    @Schema(
            description =
                "The parent, what a search tried, and the result, measured in ONNX Runtime",
            requiredMode = REQUIRED)
        List<Variant> variants,
    @Schema(
            description = "What the advice foretold, held against what was measured",
            requiredMode = REQUIRED)
        List<Estimate> estimates,
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
          String note,
      @Schema(description = "Its weights before and after; absent when they are as they were")
          @Nullable Histogram histogram) {}

  /** Weights in bins. */
  @Schema(
      name = "ReportHistogram",
      description = "Weights of a layer before and after, in bins of equal width")
  public record Histogram(
      @Schema(
              description = "Where the first bin begins",
              example = "-0.41",
              requiredMode = REQUIRED)
          double low,
      @Schema(description = "Where the last bin ends", example = "0.38", requiredMode = REQUIRED)
          double high,
      @Schema(
              description = "Weights in each bin before",
              example = "[1, 40, 350, 41]",
              requiredMode = REQUIRED)
          List<Long> before,
      @Schema(
              description = "Values that the stored weights stand for, in each bin",
              example = "[1, 41, 348, 42]",
              requiredMode = REQUIRED)
          List<Long> after,
      @Schema(
              description = "Signal to noise of the weights in dB; null when they are equal",
              example = "41.2",
              nullable = true)
          @Nullable Double sqnrDb) {}

  /** Times of operators. */
  @Schema(
      name = "ReportOperators",
      description = "Median times of operators, parent and result profiled in turns")
  public record Operators(
      @Schema(description = "Runtime", example = "compresso", requiredMode = REQUIRED)
          String runtime,
      @Schema(description = "Examples of an inference", example = "1", requiredMode = REQUIRED)
          long batch,
      @Schema(description = "Threads", example = "2", requiredMode = REQUIRED) int threads,
      @Schema(description = "Profiled runs of each", example = "250", requiredMode = REQUIRED)
          int runs,
      @Schema(
              description = "Sum of the parent's operators in microseconds",
              example = "91.2",
              requiredMode = REQUIRED)
          double parentMicros,
      @Schema(
              description = "Sum of the result's operators in microseconds",
              example = "31.5",
              requiredMode = REQUIRED)
          double childMicros,
      @Schema(description = "By kind of operator, the longest first", requiredMode = REQUIRED)
          List<OperatorType> types,
      @Schema(
              description = "By nodes that are compiled together, the longest first",
              requiredMode = REQUIRED)
          List<Operator> rows) {}

  /** Times of a kind of operator. */
  @Schema(name = "ReportOperatorType", description = "Times of all operators of a kind")
  public record OperatorType(
      @Schema(description = "Kind", example = "Conv", requiredMode = REQUIRED) String opType,
      @Schema(description = "Before, in microseconds", example = "80.1", requiredMode = REQUIRED)
          double parentMicros,
      @Schema(description = "After, in microseconds", example = "22.4", requiredMode = REQUIRED)
          double childMicros) {}

  /** Operators of the same nodes. */
  @Schema(
      name = "ReportOperator",
      description =
          "Operators that compute the same nodes of the model; one row without nodes is"
              + " the sum of those that take least")
  public record Operator(
      @Schema(
              description = "Nodes of the parent, or of the result where the parent has none",
              example = "[\"conv1\", \"relu1\"]",
              requiredMode = REQUIRED)
          List<String> nodes,
      @Schema(description = "What the parent ran", example = "[\"Conv\"]", requiredMode = REQUIRED)
          List<String> parentOperators,
      @Schema(
              description = "What the result ran",
              example = "[\"QuantizedConv\"]",
              requiredMode = REQUIRED)
          List<String> childOperators,
      @Schema(
              description = "Before, in microseconds; 0 where there is none",
              example = "12.1",
              requiredMode = REQUIRED)
          double parentMicros,
      @Schema(
              description = "After, in microseconds; 0 where there is none",
              example = "4.2",
              requiredMode = REQUIRED)
          double childMicros,
      @Schema(
              description = "The parent's kernels",
              example = "[\"f32-conv-nhwc-14x32c1-avx512\"]",
              requiredMode = REQUIRED)
          List<String> parentKernels,
      @Schema(
              description = "The result's kernels",
              example = "[\"qx8-conv-nhwc-14x32c4-avx512-vnni\"]",
              requiredMode = REQUIRED)
          List<String> childKernels) {}

  /** A form of the model. */
  @Schema(name = "ReportVariant", description = "A form of the model that was measured")
  public record Variant(
      @Schema(description = "Name", example = "2 layers in float", requiredMode = REQUIRED)
          String name,
      @Schema(
              description = "What it is",
              example = "tried",
              allowableValues = {"parent", "tried", "result"},
              requiredMode = REQUIRED)
          String role,
      @Schema(
              description = "What the loss is in; empty when there is none",
              example = "top1",
              requiredMode = REQUIRED)
          String metric,
      @Schema(
              description = "Loss of accuracy; null when not measured",
              example = "0.0015",
              nullable = true)
          @Nullable Double drop,
      @Schema(
              description =
                  "Signal to noise of the outputs in dB; null when not measured, or equal",
              example = "31.4",
              nullable = true)
          @Nullable Double sqnrDb,
      @Schema(description = "Bytes of its file", example = "90112", requiredMode = REQUIRED)
          long bytes,
      @Schema(
              description = "Median of paired parent / variant times; null when not measured",
              example = "1.9",
              nullable = true)
          @Nullable Double speedup,
      @Schema(description = "Pairs of runs", example = "300", requiredMode = REQUIRED) int runs) {}

  /** An estimate and its measurement. */
  @Schema(
      name = "ReportEstimate",
      description = "A figure of the advice, held against what was measured")
  public record Estimate(
      @Schema(description = "The advice", example = "static int8", requiredMode = REQUIRED)
          String advice,
      @Schema(
              description = "The CPU that the estimate is for",
              example = "x86-avx512vnni",
              requiredMode = REQUIRED)
          String target,
      @Schema(
              description = "size (result / parent) or speedup (parent / result)",
              example = "speedup",
              allowableValues = {"size", "speedup"},
              requiredMode = REQUIRED)
          String quantity,
      @Schema(description = "The estimate", example = "2.4", requiredMode = REQUIRED)
          double estimate,
      @Schema(
              description = "What was measured; null when it was not",
              example = "2.9",
              nullable = true)
          @Nullable Double measured,
      @Schema(description = "Measured / estimate", example = "1.21", nullable = true)
          @Nullable Double ratio,
      @Schema(
              description = "How it was measured",
              example = "compresso, batch 1, 2 threads, 5000 pairs of runs",
              requiredMode = REQUIRED)
          String how) {}

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
