package io.compresso.technique.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against rounding to nearest, on inputs whose channels are correlated and of uneven size. */
class RoundingPropertyTest {
  private static final int ROWS = 24;
  private static final int DEPTH = 64;

  private static float[] weights(Random random) {
    float[] weights = new float[ROWS * DEPTH];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) random.nextGaussian();
    }
    return weights;
  }

  /** The Gram matrix of samples that mix fewer sources than they have channels. */
  private static float[] gram(Random random) {
    int sources = DEPTH / 2;
    float[][] mix = new float[sources][DEPTH];
    for (float[] row : mix) {
      for (int k = 0; k < DEPTH; k++) {
        row[k] = (float) random.nextGaussian();
      }
    }
    float[] gram = new float[DEPTH * DEPTH];
    for (int sample = 0; sample < 500; sample++) {
      float[] x = new float[DEPTH];
      for (float[] row : mix) {
        float source = (float) random.nextGaussian();
        for (int k = 0; k < DEPTH; k++) {
          x[k] += source * row[k];
        }
      }
      for (int k = 0; k < DEPTH; k++) {
        x[k] += 0.5f * (float) random.nextGaussian();
        for (int j = 0; j <= k; j++) {
          gram[k * DEPTH + j] += x[k] * x[j];
        }
      }
    }
    for (int k = 0; k < DEPTH; k++) {
      for (int j = 0; j < k; j++) {
        gram[j * DEPTH + k] = gram[k * DEPTH + j];
      }
    }
    return gram;
  }

  private static double error(float[] weights, Grid grid, float[] gram, int[] integers) {
    return Arrays.stream(Rounding.errors(weights, ROWS, DEPTH, grid, gram, integers)).sum();
  }

  @ParameterizedTest
  @CsvSource({"1, 0, 4", "2, 0, 4", "3, 16, 4", "4, 32, 4", "5, 0, 8"})
  void gptqAndAdaRound_gainTwoDecibels(long seed, int block, int bits) {
    Random random = new Random(seed);
    float[] weights = weights(random);
    float[] gram = gram(random);
    Grid grid = Grid.fit(weights, ROWS, DEPTH, block, bits, false, true);
    double nearest = error(weights, grid, gram, Rounding.nearest(weights, ROWS, DEPTH, grid));
    double gptq =
        error(weights, grid, gram, new Gptq(0.01, true).round(weights, ROWS, DEPTH, grid, gram));
    double ordered =
        error(weights, grid, gram, new Gptq(0.01, false).round(weights, ROWS, DEPTH, grid, gram));
    AdaRound learner = new AdaRound(600);
    double learned = error(weights, grid, gram, learner.round(weights, ROWS, DEPTH, grid, gram));
    assertThat(10 * Math.log10(nearest / gptq)).isGreaterThan(2);
    assertThat(10 * Math.log10(nearest / ordered)).isGreaterThan(2);
    assertThat(10 * Math.log10(nearest / learned)).isGreaterThan(2);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void gptq_isRoundingToNearest_whenInputsAreNotCorrelated(long seed) {
    Random random = new Random(seed);
    float[] weights = weights(random);
    float[] gram = new float[DEPTH * DEPTH];
    for (int k = 0; k < DEPTH; k++) {
      gram[k * DEPTH + k] = 1 + k;
    }
    Grid grid = Grid.fit(weights, ROWS, DEPTH, 0, 4, true, true);
    assertThat(new Gptq(0.01, true).round(weights, ROWS, DEPTH, grid, gram))
        .containsExactly(Rounding.nearest(weights, ROWS, DEPTH, grid));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void integers_stayOnTheGrid_andWithinOneStepForAdaRound(long seed) {
    Random random = new Random(seed);
    float[] weights = weights(random);
    float[] gram = gram(random);
    Grid grid = Grid.fit(weights, ROWS, DEPTH, 16, 4, false, true);
    int[] nearest = Rounding.nearest(weights, ROWS, DEPTH, grid);
    int[] learned = new AdaRound(50).round(weights, ROWS, DEPTH, grid, gram);
    for (int i = 0; i < nearest.length; i++) {
      assertThat(learned[i]).isBetween(grid.min(), grid.max());
      assertThat(Math.abs(learned[i] - nearest[i])).isLessThanOrEqualTo(1);
    }
  }
}
