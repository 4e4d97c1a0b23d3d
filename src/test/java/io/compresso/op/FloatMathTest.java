package io.compresso.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class FloatMathTest {
  private interface InPlace {
    void apply(float[] x, int n);
  }

  /** The largest relative error over {@code [from, to]}, where results are normal floats. */
  private static double worst(double from, double to, InPlace fast, DoubleUnaryOperator exact) {
    int n = 40_001;
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) (from + (to - from) * i / (n - 1));
    }
    float[] y = x.clone();
    fast.apply(y, n);
    double worst = 0;
    for (int i = 0; i < n; i++) {
      double expected = exact.applyAsDouble(x[i]);
      if (Math.abs(expected) > Float.MIN_NORMAL) {
        worst = Math.max(worst, Math.abs(y[i] - expected) / Math.abs(expected));
      }
    }
    return worst;
  }

  private static float single(InPlace function, float x) {
    float[] values = {x};
    function.apply(values, 1);
    return values[0];
  }

  @Test
  void exp_isAccurate_overItsRange() {
    assertThat(worst(-87, 88.7, FloatMath::exp, Math::exp)).isLessThan(3e-7);
    assertThat(worst(-1, 1, FloatMath::exp, Math::exp)).isLessThan(3e-7);
  }

  @Test
  void exp_saturates_outsideItsRange() {
    assertThat(single(FloatMath::exp, 89)).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(single(FloatMath::exp, Float.POSITIVE_INFINITY)).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(single(FloatMath::exp, Float.NEGATIVE_INFINITY)).isZero();
    assertThat(single(FloatMath::exp, -100)).isGreaterThan(0).isLessThan(1e-43f);
    assertThat(single(FloatMath::exp, Float.NaN)).isNaN();
  }

  @Test
  void tanh_isAccurate_nearZeroAndFar() {
    assertThat(worst(-12, 12, FloatMath::tanh, Math::tanh)).isLessThan(4e-7);
    assertThat(worst(-1e-3, 1e-3, FloatMath::tanh, Math::tanh)).isLessThan(2e-7);
    assertThat(single(FloatMath::tanh, Float.NEGATIVE_INFINITY)).isEqualTo(-1);
    assertThat(single(FloatMath::tanh, Float.NaN)).isNaN();
  }

  @Test
  void sigmoid_isAccurate_onBothTails() {
    assertThat(worst(-80, 80, FloatMath::sigmoid, x -> 1 / (1 + Math.exp(-x)))).isLessThan(5e-7);
    assertThat(single(FloatMath::sigmoid, Float.NEGATIVE_INFINITY)).isZero();
    assertThat(single(FloatMath::sigmoid, Float.POSITIVE_INFINITY)).isEqualTo(1);
  }

  @Test
  void erf_agreesWithItsDoubleForm_everywhere() {
    assertThat(worst(-6, 6, FloatMath::erf, FloatMath::erf)).isLessThan(5e-7);
    assertThat(worst(-1e-3, 1e-3, FloatMath::erf, FloatMath::erf)).isLessThan(2e-7);
    assertThat(single(FloatMath::erf, Float.POSITIVE_INFINITY)).isEqualTo(1);
    assertThat(single(FloatMath::erf, Float.NaN)).isNaN();
  }

  @Test
  void erf_inDoubles_hasPublishedValues() {
    assertThat(FloatMath.erf(0.5)).isCloseTo(0.520499877813046, within(1e-14));
    assertThat(FloatMath.erf(2.5)).isCloseTo(0.999593047982555, within(1e-14));
    assertThat(FloatMath.erf(-3.5)).isCloseTo(-0.999999256901628, within(1e-14));
    assertThat(FloatMath.erf(7)).isEqualTo(1);
  }

  @Test
  void gelu_keepsItsRelativeAccuracy_inTheNegativeTail() {
    DoubleUnaryOperator exact =
        x -> {
          double z = -x * Math.sqrt(0.5);
          return x >= 0 ? 0.5 * x * (1 + FloatMath.erf(-z)) : 0.5 * x * tail(z);
        };
    assertThat(worst(-5, 5, FloatMath::gelu, exact)).isLessThan(5e-6);
  }

  /** erfc by its continued fraction, or by erf where that has no cancellation. */
  private static double tail(double z) {
    if (z < 1) {
      return 1 - FloatMath.erf(z);
    }
    double fraction = 0;
    for (int k = 200; k > 0; k--) {
      fraction = k / 2.0 / (z + fraction);
    }
    return Math.exp(-z * z) / (Math.sqrt(Math.PI) * (z + fraction));
  }
}
