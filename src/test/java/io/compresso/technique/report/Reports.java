package io.compresso.technique.report;

import io.compresso.technique.Report;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reports to draw. */
final class Reports {
  private Reports() {}

  /** A report of two layers, one in int8 and one left in fp32, in which everything was measured. */
  static Report full(String job, String first, String second) {
    return new Report(
        job,
        List.of(Map.of("quantize", Map.of("mode", "static", "exclude", List.of("it's", first)))),
        new Report.Size(400_000, 100_000, 0.25, 300_000, 75_000, 0.25),
        List.of(new Report.Accuracy("onnxruntime", "top1", 2000, 0.8025, 0.8005, 0.002)),
        List.of(new Report.Agreement("onnxruntime", "y", 2000, 0.9875, 26.5, 0.148)),
        List.of(
            new Report.Layer(first, "Conv", "int8", 432, 35.25, 0.01, "", histogram()),
            new Report.Layer(second, "Gemm", "fp32", 640, 21.75, -0.005, "left in float", null)),
        List.of(
            new Report.Latency(
                "onnxruntime",
                1,
                2,
                4321,
                new Report.Percentiles(0.136, 0.17, 0.19),
                new Report.Percentiles(0.093, 0.12, 0.15),
                1.46,
                1.24,
                1.72)),
        operators(first, second),
        List.of(
            new Report.Variant("parent", "parent", "top1", 0.0, null, 400_000, 1.0, 4321),
            new Report.Variant(
                "0 layers in float", "tried", "top1", 0.0175, 20.5, 90_000, 1.5, 300),
            new Report.Variant("1 layer in float", "tried", "top1", 0.002, 26.5, 100_000, 1.4, 310),
            new Report.Variant("result", "result", "top1", 0.002, 26.5, 100_000, 1.46, 4321)),
        List.of(
            new Report.Estimate("static int8", "x86-avx2", "size", 0.26, 0.25, 0.9615, "bytes"),
            new Report.Estimate("static int8", "x86-avx2", "speedup", 2.5, null, null, "not here")),
        new Report.Cost(12_501_632L, 12_501_632L, 196_608L, 65_536L),
        Map.of("model", "A CPU", "isa", "avx2"),
        new Report.Verdict("better", "onnxruntime", List.of("faster because of " + first)),
        "failed",
        List.of(new Report.GoalResult("accuracy.top1.maxDrop", 0.001, 0.002, false)),
        List.of(new Report.Stage("load", 1.5)),
        List.of("a note on " + second),
        42,
        Map.of("onnxruntime", "1.29.0"));
  }

  static Report.Histogram histogram() {
    return new Report.Histogram(-0.5, 0.25, List.of(1L, 400L, 31L), List.of(2L, 399L, 31L), 40.5);
  }

  private static Report.Operators operators(String first, String second) {
    return new Report.Operators(
        "compresso",
        1,
        2,
        777,
        91.25,
        33.5,
        List.of(
            new Report.OperatorType("Conv", 80, 22.25),
            new Report.OperatorType("QuantizeLinear", 0, 1.25)),
        List.of(
            new Report.Operator(
                List.of(first, "relu"),
                List.of("Conv"),
                List.of("QuantizedConv"),
                80,
                22.25,
                List.of("f32-kernel"),
                List.of("qx8-kernel")),
            new Report.Operator(
                List.of(second), List.of("Gemm"), List.of("Gemm"), 8, 10, List.of(), List.of()),
            new Report.Operator(
                List.of("QuantizeLinear(x)"),
                List.of(),
                List.of("QuantizeLinear"),
                0,
                1.25,
                List.of(),
                List.of("x-convert")),
            new Report.Operator(List.of(), List.of(), List.of(), 3.25, 0, List.of(), List.of())));
  }

  /** A report in which nothing but sizes was measured. */
  static Report bare() {
    return bare(null, List.of());
  }

  static Report bare(Report.@Nullable Operators operators, List<Report.Layer> layers) {
    return new Report(
        "",
        List.of(),
        new Report.Size(1000, 990, 0.99, 0, 0, 1),
        List.of(),
        List.of(),
        layers,
        List.of(),
        operators,
        List.of(),
        List.of(),
        new Report.Cost(null, null, null, null),
        Map.of(),
        new Report.Verdict("not better", "onnxruntime", List.of()),
        "none",
        List.of(),
        List.of(),
        List.of(),
        1,
        Map.of());
  }

  /** The full report with other layers. */
  static Report layers(List<Report.Layer> layers) {
    return bare(null, Collections.unmodifiableList(layers));
  }
}
