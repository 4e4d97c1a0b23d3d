package io.compresso.evaluate;

import io.compresso.tensor.Tensor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What making a model ready costs. A creation is measured from the model's file to the end of the
 * first run, less the time of a later run: some runtimes put work off to the first run.
 *
 * @param coldMillis the first creation of the process, with all that a process does once for it:
 *     our classes are loaded, ONNX Runtime's native library is unpacked and loaded
 * @param loadMillis what of that is the native library's loading
 * @param warmMillis the median of further creations, one right after another, after as long a
 *     warm-up
 * @param peakBytes the most resident memory of the process till the end of the first creation's
 *     runs; 0 where the system does not tell it
 */
public record SessionCost(double coldMillis, double loadMillis, double warmMillis, long peakBytes) {
  private static final int RUNS = 3;
  private static final int LEAST_CREATIONS = 3;

  /** Makes a model ready. */
  @FunctionalInterface
  public interface Opener {
    Runner open(Path model);
  }

  /**
   * Measures in this process, which should be a fresh one.
   *
   * @param load loads the runtime, before the first creation
   * @param warm how long creations are measured, after as long a warm-up of creations; 3 are made
   *     of each in any case
   */
  public static SessionCost measure(
      Runnable load, Opener opener, Path model, Map<String, Tensor> inputs, Duration warm) {
    long start = System.nanoTime();
    load.run();
    double loaded = (System.nanoTime() - start) / 1e6;
    double cold = loaded + creation(opener, model, inputs);
    long peak = PeakMemory.bytes().orElse(0);
    var _ = creations(opener, model, inputs, warm);
    return new SessionCost(cold, loaded, median(creations(opener, model, inputs, warm)), peak);
  }

  private static List<Double> creations(
      Opener opener, Path model, Map<String, Tensor> inputs, Duration length) {
    List<Double> millis = new ArrayList<>();
    long deadline = System.nanoTime() + length.toNanos();
    while (millis.size() < LEAST_CREATIONS || System.nanoTime() < deadline) {
      millis.add(creation(opener, model, inputs));
    }
    return millis;
  }

  private static double creation(Opener opener, Path model, Map<String, Tensor> inputs) {
    long start = System.nanoTime();
    try (Runner runner = opener.open(model)) {
      runner.run(inputs);
      long first = System.nanoTime() - start;
      long later = Long.MAX_VALUE;
      for (int i = 1; i < RUNS; i++) {
        long begin = System.nanoTime();
        runner.run(inputs);
        later = Math.min(later, System.nanoTime() - begin);
      }
      return Math.max(0, first - later) / 1e6;
    }
  }

  /** By component the median of several processes' figures. */
  public static SessionCost medianOf(List<SessionCost> costs) {
    return new SessionCost(
        median(costs.stream().map(SessionCost::coldMillis).toList()),
        median(costs.stream().map(SessionCost::loadMillis).toList()),
        median(costs.stream().map(SessionCost::warmMillis).toList()),
        (long) median(costs.stream().map(cost -> (double) cost.peakBytes()).toList()));
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }
}
