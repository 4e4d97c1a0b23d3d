package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class RidgeRegressionTest {
  @Test
  void solution_isTheLinearFunction_whenObservationsFollowOne() {
    RidgeRegression regression = new RidgeRegression(2, 2);
    Random random = new Random(1);
    for (int i = 0; i < 50; i++) {
      double x = random.nextGaussian();
      double y = random.nextGaussian();
      regression.add(new double[] {x, y}, new double[] {3 * x - 2 * y + 5, y - 1});
    }

    RidgeRegression.Solution solution = regression.solve(1e-12);

    assertThat(solution.weights()).containsExactly(new float[] {3, 0, -2, 1}, within(1e-4f));
    assertThat(solution.intercepts()).containsExactly(new float[] {5, -1}, within(1e-4f));
  }

  @Test
  void solution_shrinksWeights_whenThePenaltyIsLarge() {
    RidgeRegression regression = new RidgeRegression(1, 1);
    for (double x : new double[] {-1, 1}) {
      regression.add(new double[] {x}, new double[] {x});
    }

    assertThat(regression.solve(1).weights()[0]).isEqualTo(0.5f, within(1e-6f));
  }
}
