package io.compresso.kernel.nhwc;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.SpatialAxis;
import java.util.OptionalInt;

/**
 * Which convolutions are faster by {@link WinogradConv}, and with tiles of which size, by an
 * estimate of cycles: products, the work of the transforms, and the larger filters, which come from
 * memory when they do not fit into a core's cache.
 */
public final class WinogradChoice {
  private static final double PRODUCTS_PER_CYCLE = 2;
  private static final double DIRECT_EFFICIENCY = 0.93;
  private static final double EFFICIENCY = 0.88;
  private static final double INPUT_CYCLES = 3;
  private static final double OUTPUT_CYCLES = 2.5;
  private static final double CYCLES_PER_BYTE = 0.12;
  private static final long CACHED_FILTERS = 768 << 10;
  private static final double FIXED_CYCLES = 6000;
  private static final double LEAST_GAIN = 1.1;

  /** Tiles that are multiplied while their filters are fetched: fewer take as long. */
  private static final long FETCHED_TILES = 6;

  private WinogradChoice() {}

  /** Whether a convolution can be computed at all by tiles. */
  public static Acceptance accepts(ConvProblem problem) {
    return Acceptance.when(problem.axes().size() == 2, "not of two spatial axes")
        .and(
            Acceptance.when(
                problem.axes().stream().allMatch(WinogradChoice::isPlain),
                "a filter that is not 3x3, strides or dilation"))
        .and(Acceptance.when(problem.channels().in() > 0, "no input channels"));
  }

  private static boolean isPlain(SpatialAxis axis) {
    return axis.kernel() == WinogradTransform.TAPS && axis.stride() == 1 && axis.dilation() == 1;
  }

  /** Outputs of a side of the best tiles, if they are faster than the direct convolution. */
  public static OptionalInt choose(ConvProblem problem, int lanes) {
    double direct = directCycles(problem, lanes);
    double least = direct / LEAST_GAIN;
    OptionalInt best = OptionalInt.empty();
    for (int outputs = WinogradTransform.LEAST_OUTPUTS;
        outputs <= WinogradTransform.MOST_OUTPUTS;
        outputs++) {
      double cycles = cycles(problem, outputs, lanes);
      if (cycles < least) {
        least = cycles;
        best = OptionalInt.of(outputs);
      }
    }
    return best;
  }

  private static double directCycles(ConvProblem problem, int lanes) {
    double products =
        (double) problem.outputArea()
            * problem.batch()
            * problem.depth()
            * vectors(problem.channels().outPerGroup(), problem, lanes);
    return products / PRODUCTS_PER_CYCLE / DIRECT_EFFICIENCY
        + filterCycles(problem, WinogradTransform.TAPS * WinogradTransform.TAPS);
  }

  private static double cycles(ConvProblem problem, int outputs, int lanes) {
    return productCycles(problem, outputs, lanes)
        + inputCycles(problem, outputs, lanes)
        + filterCycles(problem, positions(outputs))
        + FIXED_CYCLES;
  }

  /** What the transform of the input takes. */
  static double inputCycles(ConvProblem problem, int outputs, int lanes) {
    return values(problem, outputs)
        * INPUT_CYCLES
        * vectors(problem.channels().inPerGroup(), problem, lanes);
  }

  /** What the products and the transform of the sums take. */
  static double productCycles(ConvProblem problem, int outputs, int lanes) {
    double products = problem.channels().inPerGroup() / PRODUCTS_PER_CYCLE / EFFICIENCY;
    double tiles = Math.max(WinogradTiling.of(problem, outputs).tiles(), FETCHED_TILES);
    return (positions(outputs) * tiles * products + values(problem, outputs) * OUTPUT_CYCLES)
        * vectors(problem.channels().outPerGroup(), problem, lanes);
  }

  /** Vectors of so many channels of each group. */
  private static long vectors(int perGroup, ConvProblem problem, int lanes) {
    return (long) Math.ceilDiv(perGroup, lanes) * problem.channels().groups();
  }

  /** Values of a channel of all transformed tiles. */
  private static double values(ConvProblem problem, int outputs) {
    return (double) positions(outputs) * WinogradTiling.of(problem, outputs).tiles();
  }

  /** Values of a transformed tile. */
  private static int positions(int outputs) {
    int size = outputs + WinogradTransform.TAPS - 1;
    return size * size;
  }

  /** What it costs to get filters from memory. */
  private static double filterCycles(ConvProblem problem, int positions) {
    double bytes = 4.0 * positions * problem.channels().inPerGroup() * problem.channels().out();
    return bytes <= CACHED_FILTERS ? 0 : bytes * CYCLES_PER_BYTE;
  }
}
