package io.compresso.kernel.nhwc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LinearProgramTest {
  static Stream<double[][]> matrices() {
    return Stream.of(2, 3, 4)
        .map(WinogradTransform::of)
        .flatMap(transform -> Stream.of(transform.input(), transform.output()));
  }

  @ParameterizedTest
  @MethodSource("matrices")
  void program_equalsTheMatrix_ofATransform(double[][] matrix) {
    Random random = new Random(1);
    double[] vector = random.doubles(matrix[0].length, -1, 1).toArray();
    LinearProgram program = LinearProgram.of(matrix);
    assertProduct(program.apply(vector), matrix, vector, matrix.length);
    assertThat(program.steps().stream().mapToInt(step -> step.terms().size()).sum())
        .isLessThan(
            (int) Arrays.stream(matrix).flatMapToDouble(Arrays::stream).filter(x -> x != 0).count()
                + matrix.length);
  }

  @ParameterizedTest
  @MethodSource("matrices")
  void program_equalsTheMatrix_whenElementsAreZero(double[][] matrix) {
    Random random = new Random(2);
    LinearProgram program = LinearProgram.of(matrix);
    int inputs = matrix[0].length;
    for (int from = 0; from <= inputs; from++) {
      for (int to = from; to <= inputs; to++) {
        double[] vector = new double[inputs];
        for (int i = from; i < to; i++) {
          vector[i] = random.nextDouble() + 1;
        }
        LinearProgram part = program.within(from, to);
        assertProduct(part.apply(vector), matrix, vector, matrix.length);
        double[] noise = vector.clone();
        Arrays.fill(noise, 0, from, Double.NaN);
        Arrays.fill(noise, to, inputs, Double.NaN);
        assertProduct(part.apply(noise), matrix, vector, matrix.length);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("matrices")
  void program_hasTheFirstOutputs_whenOthersAreLeftOut(double[][] matrix) {
    double[] vector = new Random(3).doubles(matrix[0].length, -1, 1).toArray();
    for (int count = 1; count <= matrix.length; count++) {
      assertProduct(LinearProgram.of(matrix).first(count).apply(vector), matrix, vector, count);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void program_equalsTheMatrix_ofSmallIntegers(long seed) {
    Random random = new Random(seed);
    double[][] matrix = new double[1 + random.nextInt(6)][1 + random.nextInt(6)];
    for (double[] row : matrix) {
      Arrays.setAll(row, i -> random.nextInt(5) - 2);
    }
    double[] vector = random.doubles(matrix[0].length, -1, 1).toArray();
    assertProduct(LinearProgram.of(matrix).apply(vector), matrix, vector, matrix.length);
  }

  private static void assertProduct(double[] actual, double[][] matrix, double[] vector, int rows) {
    assertThat(actual).hasSize(rows);
    for (int row = 0; row < rows; row++) {
      double expected = 0;
      for (int i = 0; i < vector.length; i++) {
        expected += matrix[row][i] * vector[i];
      }
      assertThat(actual[row]).isCloseTo(expected, within(1e-12));
    }
  }
}
