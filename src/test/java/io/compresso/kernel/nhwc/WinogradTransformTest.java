package io.compresso.kernel.nhwc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
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
