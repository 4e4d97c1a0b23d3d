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
  private static final Costs FLOATS = new Costs(0.93, 0.88, 0, 3, 2.5, 6000, 1 << 20);
  private static final Costs WORDS = new Costs(0.97, 0.98, 0.9, 2.2, 2.8, 1500, 512 << 10);
  private static final double CYCLES_PER_BYTE = 0.12;
  private static final long CACHED_FILTERS = 768 << 10;
  private static final double LEAST_GAIN = 1.1;

  /** Tiles that are multiplied while their filters are fetched: fewer take as long. */
  private static final long FETCHED_TILES = 6;

  /**
   * What an arithmetic costs.
   *
   * @param directEfficiency of the direct convolution's products
   * @param efficiency of those of tiles
   * @param sum cycles of a vector of sums beside its products
   * @param input cycles of a vector of transformed input
   * @param output cycles of a vector of sums that is transformed
   * @param fixed cycles of a run
   * @param blockBytes what a block of tiles and the filters may take of the cache
   */
  private record Costs(
      double directEfficiency,
      double efficiency,
      double sum,
      double input,
      double output,
      double fixed,
      long blockBytes) {
    static Costs of(WinogradBackend backend) {
      return backend.arithmetic().isInteger() ? WORDS : FLOATS;
    }
  }

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
  public static OptionalInt choose(ConvProblem problem, WinogradBackend backend) {
    double direct = directCycles(problem, backend);
    double least = direct / LEAST_GAIN;
    OptionalInt best = OptionalInt.empty();
    for (int outputs = leastOutputs(backend);
        outputs <= WinogradTransform.MOST_OUTPUTS;
        outputs++) {
      double cycles = cycles(problem, outputs, backend);
      if (cycles < least) {
        least = cycles;
        best = OptionalInt.of(outputs);
      }
    }
    return best;
  }

  private static int leastOutputs(WinogradBackend backend) {
    return backend.arithmetic().isInteger()
        ? WinogradTransform.MOST_OUTPUTS
        : WinogradTransform.LEAST_OUTPUTS;
  }

  private static double directCycles(ConvProblem problem, WinogradBackend backend) {
    double products =
        (double) problem.outputArea()
            * problem.batch()
            * problem.depth()
            * vectors(problem.channels().outPerGroup(), problem, backend.lanes());
    long bytes = problem.types().weight().bytes(problem.depth() * problem.channels().out());
    return products / backend.directProductsPerCycle() / Costs.of(backend).directEfficiency
        + filterCycles(bytes);
  }

  private static double cycles(ConvProblem problem, int outputs, WinogradBackend backend) {
    long steps = Math.ceilDiv(problem.channels().inPerGroup(), backend.arithmetic().grain());
    return productCycles(problem, outputs, backend)
        + inputCycles(problem, outputs, backend)
        + filterCycles(4 * positions(outputs) * steps * problem.channels().out())
        + Costs.of(backend).fixed;
  }

  /** What a block of tiles and the filters may take of the cache. */
  static long blockBytes(WinogradBackend backend) {
    return Costs.of(backend).blockBytes;
  }

  /** What the transform of the input takes. */
  static double inputCycles(ConvProblem problem, int outputs, WinogradBackend backend) {
    int channels = backend.lanes() * backend.arithmetic().grain();
    return values(problem, outputs)
        * Costs.of(backend).input
        * vectors(problem.channels().inPerGroup(), problem, channels);
  }

  /** What the products and the transform of the sums take. */
  static double productCycles(ConvProblem problem, int outputs, WinogradBackend backend) {
    Costs costs = Costs.of(backend);
    double products =
        problem.channels().inPerGroup() / backend.productsPerCycle() / costs.efficiency + costs.sum;
    double tiles = Math.max(WinogradTiling.of(problem, outputs).tiles(), FETCHED_TILES);
    return (positions(outputs) * tiles * products + values(problem, outputs) * costs.output)
        * vectors(problem.channels().outPerGroup(), problem, backend.lanes());
  }

  /** Vectors of so many channels of each group. */
  private static long vectors(int perGroup, ConvProblem problem, int channels) {
    return (long) Math.ceilDiv(perGroup, channels) * problem.channels().groups();
  }

  /** Values of a channel of all transformed tiles. */
  private static double values(ConvProblem problem, int outputs) {
    return (double) positions(outputs) * WinogradTiling.of(problem, outputs).tiles();
  }

  /** Values of a transformed tile. */
  private static long positions(int outputs) {
    long size = outputs + WinogradTransform.TAPS - 1;
    return size * size;
  }

  /** What it costs to get filters from memory. */
  private static double filterCycles(long bytes) {
    return bytes <= CACHED_FILTERS ? 0 : bytes * CYCLES_PER_BYTE;
  }
}
