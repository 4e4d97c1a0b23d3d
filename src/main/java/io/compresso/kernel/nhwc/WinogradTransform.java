package io.compresso.kernel.nhwc;

import io.compresso.kernel.nhwc.LinearProgram.Step;
import io.compresso.kernel.nhwc.LinearProgram.Term;
import java.util.Arrays;
import java.util.List;

/**
 * The matrices of Winograd's minimal filtering F(m x m, 3 x 3) (Lavin and Gray, "Fast algorithms
 * for convolutional neural networks", CVPR 2016): with an input tile {@code d} of {@code m + 2}
 * pixels a side and a filter {@code g}, the {@code m x m} outputs are {@code Y = A^T [(G g G^T) .
 * (B^T d B)] A}, the dot an elementwise product. It takes {@code (m + 2)^2} products where the sums
 * themselves take {@code 9 m^2}.
 *
 * <p>The matrices follow from the points at which the polynomials of the input and of the filter
 * are multiplied, infinity being the last one. The points here are fractions whose products are
 * exact in single precision, chosen for the least error, which grows with the distance of their
 * powers from one another (Barabasz, Anderson, Soodhalter and Gregg, "Error analysis and improving
 * the accuracy of Winograd convolution for deep neural networks", ACM TOMS 46, 2020).
 *
 * <p>The error is bounded by the norms of the tile, not by each sum's own terms: with {@code u =
 * 2^-24} and {@code c} channels,
 *
 * <pre>
 * |error| &lt;= (c + 4 (m + 2)) u * sum over c of (|A^T| [(|G| |g| |G^T|) . (|B^T| |d| |B|)] |A|)
 * </pre>
 *
 * where a row of a transform has at most {@code m + 2} terms. What is large in a tile thus leaves
 * its rounding errors in all of the tile's outputs.
 *
 * <p>{@link #exact()} has integers only, see there.
 */
public final class WinogradTransform {
  /** Pixels of a side of the filter. */
  public static final int TAPS = 3;

  private static final double[][] POINTS = {
    {0, 1, -1}, {0, 0.75, -0.75, 2}, {0, 0.625, -0.625, 1.5, -1.5}
  };

  /** Outputs of a side of the smallest tile. */
  static final int LEAST_OUTPUTS = 2;

  /** Outputs of a side of the largest tile. */
  static final int MOST_OUTPUTS = LEAST_OUTPUTS + POINTS.length - 1;

  /** The input's matrix of {@link #exact()} by sums that its rows share, with few shifts. */
  private static final LinearProgram EXACT_INPUT =
      new LinearProgram(
          6,
          List.of(
              step(new Term(1, 4), new Term(-4, 2)),
              step(new Term(1, 3), new Term(-4, 1)),
              step(new Term(1, 4), new Term(-1, 2)),
              step(new Term(1, 3), new Term(-1, 1)),
              step(new Term(1, 6), new Term(1, 7)),
              step(new Term(1, 6), new Term(-1, 7)),
              step(new Term(2, 9)),
              step(new Term(1, 8), new Term(1, 12)),
              step(new Term(1, 8), new Term(-1, 12)),
              step(new Term(1, 0), new Term(-1, 2)),
              step(new Term(1, 8), new Term(4, 15)),
              step(new Term(1, 5), new Term(-1, 3)),
              step(new Term(1, 17), new Term(-4, 9))),
          List.of(16, 10, 11, 13, 14, 18));

  private static Step step(Term... terms) {
    return new Step(List.of(terms));
  }

  private final int outputs;
  private final boolean isExact;
  private final double[] points;
  private final double[][] filter;
  private final double[][] input;
  private final double[][] output;

  private static final double[] EXACT_POINTS = {0, 1, -1, 2, -2};

  /** A common multiple of the denominators of the filter's matrix with {@link #EXACT_POINTS}. */
  private static final double DENOMINATOR = 24;

  /** What is left of it in the output's matrix for the point at infinity. */
  private static final double LAST_FACTOR = 4;

  /** How many times the sums the results of {@link #exact()} are: this times a power of two. */
  public static final int EXACT_ODD_FACTOR = 9;

  /** The power of two, as a number of bits. */
  public static final int EXACT_SHIFT = 6;

  /** The largest magnitude of filters that {@link #exact()} takes. */
  static final int EXACT_MOST_FILTER = Short.MAX_VALUE / (12 * 12);

  /** What the sums of magnitudes of products must be below for {@link #exact()}. */
  static final long EXACT_BOUND = 1L << (Integer.SIZE - 1 - EXACT_SHIFT);

  private WinogradTransform(int outputs, double[] points, boolean isExact) {
    int size = outputs + TAPS - 1;
    this.outputs = outputs;
    this.points = points;
    this.isExact = isExact;
    this.filter = new double[size][TAPS];
    this.input = new double[size][];
    this.output = new double[outputs][size];
    for (int i = 0; i < size - 1; i++) {
      double product = 1;
      double[] others = {1};
      for (int j = 0; j < size - 1; j++) {
        if (j != i) {
          product *= points[i] - points[j];
          others = timesRoot(others, points[j]);
        }
      }
      for (int tap = 0; tap < TAPS; tap++) {
        filter[i][tap] = Math.pow(points[i], tap) / product;
      }
      input[i] = Arrays.copyOf(others, size);
      for (int row = 0; row < outputs; row++) {
        output[row][i] = Math.pow(points[i], row);
      }
    }
    double[] all = {1};
    for (double point : points) {
      all = timesRoot(all, point);
    }
    filter[size - 1][TAPS - 1] = 1;
    input[size - 1] = all;
    output[outputs - 1][size - 1] = 1;
  }

  /** Coefficients, the constant first, of a polynomial times {@code (x - root)}. */
  private static double[] timesRoot(double[] polynomial, double root) {
    double[] result = new double[polynomial.length + 1];
    for (int i = 0; i < polynomial.length; i++) {
      result[i + 1] += polynomial[i];
      result[i] -= root * polynomial[i];
    }
    return result;
  }

  /**
   * F(m x m, 3 x 3).
   *
   * @param outputs {@code m}, 2 to 4
   */
  public static WinogradTransform of(int outputs) {
    return new WinogradTransform(outputs, POINTS[outputs - LEAST_OUTPUTS].clone(), false);
  }

  /**
   * F(4 x 4, 3 x 3) of bytes, in integers: the rows of {@code G} are taken times what makes them
   * whole, and {@code A^T} makes them 24 times the usual ones, so that the results of two axes are
   * {@code 24^2 = 9 * 2^6} times the sums. Modulo {@code 2^32} these are known when the sums of 32
   * bits wrap around, and 9 has an inverse; what is left is a shift, exact as long as the sums of
   * the magnitudes of the products are below {@code 2^25}.
   *
   * <p>With inputs of magnitudes up to 255, transformed ones are at most {@code 10^2 * 255} and fit
   * into 16 bits; filters of up to {@link #EXACT_MOST_FILTER} are at most 12^2 times as large.
   */
  public static WinogradTransform exact() {
    WinogradTransform transform = new WinogradTransform(MOST_OUTPUTS, EXACT_POINTS.clone(), true);
    int last = transform.size() - 1;
    for (int row = 0; row <= last; row++) {
      double factor = row == last ? DENOMINATOR / LAST_FACTOR : DENOMINATOR;
      for (int tap = 0; tap < TAPS; tap++) {
        transform.filter[row][tap] = Math.rint(transform.filter[row][tap] * factor);
      }
    }
    transform.output[MOST_OUTPUTS - 1][last] = LAST_FACTOR;
    return transform;
  }

  /** The transform of an arithmetic, of floats or of words. */
  public static WinogradTransform of(Arithmetic arithmetic, int outputs) {
    return arithmetic.isInteger() ? exact() : of(outputs);
  }

  /** Outputs of a side of a tile. */
  public int outputs() {
    return outputs;
  }

  /** Pixels of a side of an input tile, and values of a side of a transformed one. */
  public int size() {
    return outputs + TAPS - 1;
  }

  /** Values of a transformed tile. */
  public int positions() {
    return size() * size();
  }

  /** {@code G}. */
  public double[][] filter() {
    return filter;
  }

  /** A matrix that undoes {@link #filter}: its columns belong to points 0, 1 and infinity. */
  double[][] filterInverse() {
    double point = points[1];
    double first = 1 / filter[0][0];
    double second = 1 / filter[1][0];
    return new double[][] {
      {first, 0, 0}, {-first / point, second / point, -point}, {0, 0, 1},
    };
  }

  /** The rows of {@link #filter} that {@link #filterInverse} takes. */
  int[] inverseRows() {
    return new int[] {0, 1, size() - 1};
  }

  /** {@code B^T}. */
  public double[][] input() {
    return input;
  }

  /** {@code A^T}. */
  double[][] output() {
    return output;
  }

  /** How {@code B^T} is applied to a column. */
  public LinearProgram inputProgram() {
    return isExact ? EXACT_INPUT : LinearProgram.of(input);
  }

  /** How {@code A^T} is applied to a column. */
  public LinearProgram outputProgram() {
    return LinearProgram.of(output);
  }
}
