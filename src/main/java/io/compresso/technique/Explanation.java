package io.compresso.technique;

import io.compresso.graph.Graph;
import io.compresso.graph.Node;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Says why a result is not faster or smaller than its parent, and what to change. */
final class Explanation {
  private static final int MOST_NAMES = 5;
  private static final double SMALL_MILLIS = 0.2;
  private static final double SLOWER = 1.1;
  private static final double LEAST_SHARE = 0.02;
  private static final Set<String> CONVERSIONS =
      Set.of("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "Cast");

  private Explanation() {}

  /** Why the result is not smaller. */
  static void ofSize(Report.Size size, List<Report.Layer> layers, List<String> reasons) {
    if (size.quantizedFp32() == 0) {
      reasons.add("no weights were compressed: the layers below say why");
      return;
    }
    reasons.add(
        format(
            "the weights that were compressed are %.1f %% of the parent's file, and take %.3f of"
                + " what they took",
            100.0 * size.quantizedFp32() / size.parent(), size.quantizedRatio()));
    String largest =
        layers.stream()
            .filter(layer -> layer.precision().equals("fp32") && layer.weights() > 0)
            .sorted(Comparator.comparingLong(Report.Layer::weights).reversed())
            .limit(MOST_NAMES)
            .map(layer -> format("'%s' (%d weights)", layer.node(), layer.weights()))
            .collect(Collectors.joining(", "));
    if (!largest.isEmpty()) {
      reasons.add("the largest layers that stay in fp32: " + largest + "; exclude fewer of them");
    }
  }

  /**
   * Why the result is not faster, by its layers and operators.
   *
   * @param operators their measured times, null when there are none
   */
  static void ofTime(
      Graph child,
      List<Report.Layer> layers,
      Report.Latency latency,
      Report.@Nullable Operators operators,
      List<String> reasons) {
    int named = 0;
    for (Report.Layer layer : layers) {
      if (layer.precision().equals("fp32") && named++ < MOST_NAMES) {
        reasons.add(
            format(
                "%s '%s' computes in fp32%s",
                layer.opType(), layer.node(), layer.note().isEmpty() ? "" : ": " + layer.note()));
      }
    }
    Set<String> dequantized = new HashSet<>();
    Set<String> quantized = new HashSet<>();
    for (Node node : child.nodes()) {
      if (node.is("DequantizeLinear") && !child.initializers().containsKey(node.inputs().get(0))) {
        dequantized.addAll(node.outputs());
      } else if (node.is("QuantizeLinear")) {
        quantized.add(node.inputs().getFirst());
      }
    }
    Set<String> between = new TreeSet<>();
    for (Node node : child.nodes()) {
      if (!CONVERSIONS.contains(node.opType())
          && node.inputs().stream().anyMatch(dequantized::contains)
          && node.outputs().stream().noneMatch(quantized::contains)) {
        between.add(node.opType() + " '" + node.label() + "'");
      }
    }
    if (!between.isEmpty()) {
      reasons.add(
          "integers are converted back to floats for "
              + String.join(", ", between.stream().limit(MOST_NAMES).toList())
              + "; exclude the layers around them, or use an operator that has an integer form");
    }
    addForm(layers, reasons);
    if (operators != null) {
      addSlower(operators, layers, reasons);
      addNew(operators, reasons);
    }
    if (latency.parent().p50() < SMALL_MILLIS) {
      reasons.add(
          format(
              "a run takes %.3f ms: the fixed cost of each operator weighs more than arithmetic;"
                  + " measure with larger batches",
              latency.parent().p50()));
    }
  }

  /** Says of precisions that ONNX Runtime's CPU kernels do not compute in what to use instead. */
  private static void addForm(List<Report.Layer> layers, List<String> reasons) {
    Set<String> precisions =
        layers.stream().map(Report.Layer::precision).collect(Collectors.toCollection(TreeSet::new));
    for (String precision : precisions) {
      String hint =
          switch (precision) {
            case "fp16" ->
                "most operators have no fp16 kernel on ONNX Runtime's CPU, which casts to fp32 and"
                    + " back around them; judge in compresso, or use int8";
            case "bf16" ->
                "weights in bf16 are cast to fp32 and computed there: smaller, not faster; use int8";
            case "int8-int16" ->
                "16-bit activations are computed in fp32; leave activations at 8 bits where the"
                    + " accuracy allows";
            case "int8-weights", "int4-weights" ->
                "weights are dequantized before the product: smaller; faster only where memory"
                    + " bounds the speed, as for single rows of large matrices";
            default -> "";
          };
      if (!hint.isEmpty()) {
        reasons.add(hint);
      }
    }
  }

  /** The operators that take longer in another form than the parent's. */
  private static void addSlower(
      Report.Operators operators, List<Report.Layer> layers, List<String> reasons) {
    Set<String> compressed =
        layers.stream()
            .filter(layer -> !layer.precision().equals("fp32"))
            .map(Report.Layer::node)
            .collect(Collectors.toSet());
    operators.rows().stream()
        .filter(row -> !row.nodes().isEmpty() && row.parentMicros() > 0)
        .filter(row ->
            !row.parentOperators().equals(row.childOperators())
                || !row.parentKernels().equals(row.childKernels()))
        .filter(row -> row.childMicros() > SLOWER * row.parentMicros())
        .filter(
            row -> row.childMicros() - row.parentMicros() > LEAST_SHARE * operators.childMicros())
        .sorted(
            Comparator.comparingDouble(
                (Report.Operator row) -> row.parentMicros() - row.childMicros()))
        .limit(MOST_NAMES)
        .forEach(row -> reasons.add(slower(row, compressed)));
  }

  private static String slower(Report.Operator row, Set<String> compressed) {
    String layer = row.nodes().stream().filter(compressed::contains).findFirst().orElse(null);
    return format(
        "in this engine '%s' takes %.1f us and took %.1f us: %s (%s) in the place of %s (%s)%s",
        layer == null ? row.nodes().getFirst() : layer,
        row.childMicros(),
        row.parentMicros(),
        String.join(" + ", row.childOperators()),
        kernels(row.childKernels()),
        String.join(" + ", row.parentOperators()),
        kernels(row.parentKernels()),
        layer == null ? "" : "; exclude it");
  }

  /** What the operators take that only the result has, and how to do without. */
  private static void addNew(Report.Operators operators, List<String> reasons) {
    List<Report.Operator> added =
        operators.rows().stream()
            .filter(row -> !row.nodes().isEmpty() && row.parentMicros() == 0)
            .toList();
    double micros = added.stream().mapToDouble(Report.Operator::childMicros).sum();
    if (micros > LEAST_SHARE * operators.childMicros()) {
      reasons.add(
          format(
              "in this engine %.1f %% of the result's time is in operators that the parent has not:"
                  + " %s; %s",
              100 * micros / operators.childMicros(),
              added.stream()
                  .limit(MOST_NAMES)
                  .map(row ->
                      format(
                          "%s at '%s' (%.1f us)",
                          String.join(" + ", row.childOperators()),
                          row.nodes().getFirst(),
                          row.childMicros()))
                  .collect(Collectors.joining(", ")),
              without(added.getFirst().childOperators())));
    }
  }

  private static String without(List<String> operators) {
    if (operators.contains("DynamicQuantizeLinear")) {
      return "static quantization finds ranges ahead of time";
    }
    return operators.contains("Cast")
        ? "half.io: half takes those at the ends away, fewer layers in fp32 those between"
        : "compress the layers on both sides of them, or neither";
  }

  private static String kernels(List<String> kernels) {
    return kernels.isEmpty() ? "reference" : String.join(", ", kernels);
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
