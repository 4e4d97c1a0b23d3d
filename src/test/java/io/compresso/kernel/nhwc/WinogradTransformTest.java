package io.compresso.kernel.nhwc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WinogradTransformTest {
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4})
  void transform_equalsTheSums_ofOneAxis(int outputs) {
    WinogradTransform transform = WinogradTransform.of(outputs);
    Random random = new Random(outputs);
    double[] d = random.doubles(transform.size(), -1, 1).toArray();
    double[] g = random.doubles(WinogradTransform.TAPS, -1, 1).toArray();
    double[] filter = times(transform.filter(), g);
    double[] products = times(transform.input(), d);
    Arrays.setAll(products, i -> products[i] * filter[i]);
    double[] actual = times(transform.output(), products);
    for (int i = 0; i < outputs; i++) {
      double expected = d[i] * g[0] + d[i + 1] * g[1] + d[i + 2] * g[2];
      assertThat(actual[i]).isCloseTo(expected, within(1e-13));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4})
  void filterInverse_undoesTheFilter_inTheRowsItTakes(int outputs) {
    WinogradTransform transform = WinogradTransform.of(outputs);
    double[] g = {0.25, -3, 7};
    double[] filter = times(transform.filter(), g);
    double[] taken =
        Arrays.stream(transform.inverseRows()).mapToDouble(row -> filter[row]).toArray();
    assertThat(times(transform.filterInverse(), taken)).containsExactly(g, within(1e-13));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4})
  void factors_areExact_inSinglePrecision(int outputs) {
    WinogradTransform transform = WinogradTransform.of(outputs);
    for (double[][] matrix : new double[][][] {transform.input(), transform.output()}) {
      for (double[] row : matrix) {
        for (double factor : row) {
          assertThat((double) (float) factor).isEqualTo(factor);
        }
      }
    }
  }

  @Test
  void exactTransform_givesMultiplesOfTheSums_inIntegers() {
    WinogradTransform transform = WinogradTransform.exact();
    Random random = new Random(1);
    double[] d = random.ints(transform.size(), -255, 256).asDoubleStream().toArray();
    double[] g = random.ints(WinogradTransform.TAPS, -128, 128).asDoubleStream().toArray();
    double[] filter = times(transform.filter(), g);
    double[] products = times(transform.input(), d);
    Arrays.setAll(products, i -> products[i] * filter[i]);
    double[] actual = times(transform.output(), products);
    double factor = Math.sqrt(WinogradTransform.EXACT_ODD_FACTOR << WinogradTransform.EXACT_SHIFT);
    for (int i = 0; i < transform.outputs(); i++) {
      assertThat(actual[i]).isEqualTo(factor * (d[i] * g[0] + d[i + 1] * g[1] + d[i + 2] * g[2]));
    }
  }

  @Test
  void exactTransform_keepsWithin16Bits_withAllThatIsTaken() {
    WinogradTransform transform = WinogradTransform.exact();
    assertThat(Math.pow(largestRow(transform.input()), 2) * 255).isLessThan(Short.MAX_VALUE);
    assertThat(Math.pow(largestRow(transform.filter()), 2) * WinogradTransform.EXACT_MOST_FILTER)
        .isLessThan(Short.MAX_VALUE);
    for (double[][] matrix : List.of(transform.input(), transform.filter(), transform.output())) {
      assertThat(Arrays.stream(matrix).flatMapToDouble(Arrays::stream))
          .allMatch(factor -> factor == Math.rint(factor));
    }
  }

  /** The largest sum of the magnitudes of a row. */
  private static double largestRow(double[][] matrix) {
    return Arrays.stream(matrix)
        .mapToDouble(row -> Arrays.stream(row).map(Math::abs).sum())
        .max()
        .orElseThrow();
  }

  private static double[] times(double[][] matrix, double[] vector) {
    double[] result = new double[matrix.length];
    for (int row = 0; row < matrix.length; row++) {
      for (int i = 0; i < vector.length; i++) {
        result[row] += matrix[row][i] * vector[i];
      }
    }
    return result;
  }
}
