package io.compresso.technique.quantize;

import io.compresso.graph.Graph;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.SmallFloats;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whether values fit a half-precision type: their largest magnitude, and what rounding them costs.
 * Streamed: three numbers for each value, nothing for each sample.
 */
final class HalfRanges {
  /** Measured values may use this share of the type's range, so that other data fits too. */
  private static final double USABLE = 0.5;

  /** A signal to rounding noise ratio below this, in dB, tells of underflow. */
  private static final double LEAST_DB = 40;

  private static final class Stats {
    private float largest;
    private double signal;
    private double noise;
  }

  private final DType half;
  private final GraphIndex index;
  private final Map<String, Stats> stats = new HashMap<>();

  HalfRanges(Graph graph, DType half) {
    this.index = new GraphIndex(graph);
    this.half = half;
  }

  /** The computed values to observe. */
  Set<String> computed() {
    return index.graph().nodes().stream()
        .filter(node -> HalfRules.kind(node) == HalfRules.Kind.COMPUTES)
        .flatMap(node -> node.outputs().stream())
        .filter(name -> !name.isEmpty())
        .collect(Collectors.toSet());
  }

  /** Looks at a value of a run; only floats count. */
  void observe(String name, Value value) {
    if (value instanceof Tensor tensor && tensor.dtype() == DType.FLOAT) {
      add(stats.computeIfAbsent(name, _ -> new Stats()), tensor.toFloats());
    }
  }

  private void add(Stats stats, float[] values) {
    for (float value : values) {
      if (Math.abs(value) <= Float.MAX_VALUE) {
        stats.largest = Math.max(stats.largest, Math.abs(value));
        double error = round(value) - value;
        stats.signal += (double) value * value;
        stats.noise += Double.isFinite(error) ? error * error : 0;
      }
    }
  }

  private float round(float value) {
    return half == DType.FLOAT16
        ? Float.float16ToFloat(Float.floatToFloat16(value))
        : SmallFloats.fromBFloat16(SmallFloats.toBFloat16(value));
  }

  /**
   * Why the node must stay in fp32: one of its constants, inputs or outputs does not fit; empty
   * when they all do.
   *
   * @param constants the constants that the node can read
   */
  String obstacle(Node node, Map<String, Tensor> constants) {
    for (int i = 0; i < node.inputs().size(); i++) {
      String input = node.inputs().get(i);
      Tensor constant = constants.get(input);
      if (constant != null && constant.dtype() == DType.FLOAT && HalfRules.isHalfInput(node, i)) {
        Stats own = new Stats();
        add(own, constant.toFloats());
        String problem = problem(own, 1);
        if (!problem.isEmpty()) {
          return "its constant '" + input + "' " + problem;
        }
      }
      String problem = problem(stats.get(input), USABLE);
      if (!problem.isEmpty()) {
        return "its input '" + input + "' " + problem;
      }
    }
    for (String output : node.outputs()) {
      String problem = problem(stats.get(output), USABLE);
      if (!problem.isEmpty()) {
        return "its output '" + output + "' " + problem;
      }
    }
    return "";
  }

  private String problem(@Nullable Stats stats, double usable) {
    if (stats == null || stats.signal == 0) {
      return "";
    }
    double limit = half == DType.FLOAT16 ? 65504 : Float.MAX_VALUE;
    if (stats.largest > usable * limit) {
      return String.format(
          Locale.ROOT, "reaches %.3g, near the end of %s's range", stats.largest, half);
    }
    double ratio = 10 * Math.log10(stats.signal / stats.noise);
    return ratio < LEAST_DB
        ? String.format(Locale.ROOT, "is so small that rounding to %s leaves %.0f dB", half, ratio)
        : "";
  }
}
