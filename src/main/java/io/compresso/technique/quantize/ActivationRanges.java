package io.compresso.technique.quantize;

import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.technique.quantize.QuantPlan.Kind;
import io.compresso.technique.quantize.QuantizeParams.ObserverKind;
import io.compresso.tensor.DType;
import io.compresso.tensor.QuantParams;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Observes the values that a plan turns into integers, and finds the quantization of each. Takes
 * memory for each value, none for each sample.
 */
final class ActivationRanges {
  /** Elements of a value that all runs together count, at least; all where there are fewer. */
  private static final long COUNTED = 1 << 22;

  private static final long FEWEST_PER_RUN = 1 << 11;

  private final GraphIndex index;
  private final QuantPlan plan;
  private final RangeFinder finder;
  private final Map<String, QuantParams> narrow = new HashMap<>();
  private final Map<String, StreamingHistogram> histograms = new LinkedHashMap<>();

  /**
   * Nothing observed yet.
   *
   * @param mostPerRun about how many elements of a value are counted of each run
   */
  ActivationRanges(GraphIndex index, QuantPlan plan, RangeFinder finder, long mostPerRun) {
    this.index = index;
    this.plan = plan;
    this.finder = finder;
    for (String value : plan.integerValues()) {
      if (index.constant(value) == null && fixed(value) == null && source(value) == null) {
        histograms.put(value, new StreamingHistogram(mostPerRun));
      }
    }
  }

  /**
   * How many elements of a value should be counted of each of so many runs: enough for the
   * histogram, which otherwise would cost more than the runs.
   */
  static long counted(long runs) {
    return Math.max(FEWEST_PER_RUN, COUNTED / Math.max(1, runs));
  }

  /**
   * Looks at a value of a run; others than those to be quantized are ignored.
   *
   * @param extremes the value's, null when they are not known yet
   */
  void observe(String name, Value value, @Nullable Extremes extremes) {
    StreamingHistogram histogram = histograms.get(name);
    if (histogram == null || !(value instanceof Tensor tensor)) {
      return;
    }
    if (extremes == null) {
      histogram.add(tensor);
    } else {
      histogram.add(tensor, extremes);
    }
  }

  /** The values to observe that nodes compute. */
  Set<String> computed() {
    return histograms.keySet().stream()
        .filter(value -> index.producer(value) != null)
        .collect(Collectors.toSet());
  }

  /**
   * The quantization of each integer value.
   *
   * @param chosen the plan that says which of them take 16 bits
   * @throws GraphException if a value was never observed, or never finite
   */
  Map<String, QuantParams> params(QuantPlan chosen) {
    Map<String, QuantParams> params = new LinkedHashMap<>();
    for (String value : plan.integerValues()) {
      params.put(value, chosen.isWide(value) ? wide(root(value)) : own(root(value)));
    }
    return params;
  }

  /** The value whose elements this one only moves. */
  private String root(String value) {
    String root = value;
    for (String next = source(root); next != null; next = source(root)) {
      root = next;
    }
    return root;
  }

  private QuantParams own(String value) {
    return narrow.computeIfAbsent(
        value, _ -> range(value, finder).toParams(finder.dtype(), finder.symmetric()));
  }

  /** With 16 bits, what rounding costs no longer matters: the whole range is kept. */
  private QuantParams wide(String value) {
    DType dtype = finder.dtype().isSigned() ? DType.INT16 : DType.UINT16;
    RangeFinder whole =
        new RangeFinder(ObserverKind.MIN_MAX, dtype, finder.symmetric(), finder.percentile());
    return range(value, whole).toParams(dtype, finder.symmetric());
  }

  private Range range(String value, RangeFinder finder) {
    Tensor constant = index.constant(value);
    if (constant != null) {
      StreamingHistogram histogram = new StreamingHistogram();
      histogram.add(constant);
      return seen(value, histogram).range();
    }
    Range fixed = fixed(value);
    if (fixed != null) {
      return fixed;
    }
    StreamingHistogram histogram = histograms.get(value);
    if (histogram == null) {
      throw new GraphException("value '" + value + "' was not observed");
    }
    return finder.find(seen(value, histogram));
  }

  private static StreamingHistogram seen(String value, StreamingHistogram histogram) {
    if (histogram.isEmpty()) {
      throw new GraphException(
          "value '"
              + value
              + "' "
              + (histogram.notFinite() > 0
                  ? "was never finite in the calibration data"
                  : "was never computed with the calibration data")
              + "; exclude the nodes around it");
    }
    return histogram;
  }

  /** The value whose quantization this one keeps; null when it has its own. */
  private @Nullable String source(String value) {
    Node producer = index.producer(value);
    return producer != null && plan.kind(producer) == Kind.PASS_THROUGH
        ? producer.inputs().getFirst()
        : null;
  }

  /** The range that is known from the operator; null when it depends on the data. */
  private @Nullable Range fixed(String value) {
    Node producer = index.producer(value);
    return producer != null && plan.isQuantized(producer) && producer.is("Sigmoid")
        ? new Range(0, 1)
        : null;
  }

  /** Values of which some elements were infinite or not a number. */
  Map<String, Long> notFinite() {
    Map<String, Long> counts = new LinkedHashMap<>();
    histograms.forEach((value, histogram) -> {
      if (histogram.notFinite() > 0) {
        counts.put(value, histogram.notFinite());
      }
    });
    return counts;
  }
}
