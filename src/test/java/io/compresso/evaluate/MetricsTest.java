package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Figures against values worked out by hand. */
class MetricsTest {
  @Test
  void rocArea_isTheShareOfPairsInOrder() {
    float[] scores = {0.1f, 0.4f, 0.35f, 0.8f};
    assertThat(RocCurve.area(scores, new boolean[] {false, false, true, true})).isEqualTo(0.75);
    assertThat(RocCurve.area(scores, new boolean[] {false, true, false, true})).isEqualTo(1);
    assertThat(RocCurve.area(scores, new boolean[] {true, false, true, false})).isEqualTo(0);
  }

  @Test
  void rocArea_countsTiesHalf() {
    float[] scores = {1, 1, 1, 2};
    assertThat(RocCurve.area(scores, new boolean[] {true, false, false, false}))
        .isEqualTo(1 / 3.0, within(1e-12));
    assertThat(RocCurve.area(new float[] {5, 5}, new boolean[] {true, false})).isEqualTo(0.5);
  }

  @Test
  void rocArea_isUndefinedForOneClassOrNoNumber() {
    assertThat(RocCurve.area(new float[] {1, 2}, new boolean[] {true, true})).isNull();
    assertThat(RocCurve.area(new float[] {}, new boolean[] {})).isNull();
    assertThat(RocCurve.area(new float[] {Float.NaN, 2}, new boolean[] {true, false})).isNull();
  }

  @Test
  void f1_isTheHarmonicMeanOfPrecisionAndRecall() {
    F1Score f1 = new F1Score(3);
    int[] actual = {0, 0, 0, 1, 1, 1};
    int[] predicted = {0, 0, 1, 1, 1, 0};
    for (int i = 0; i < actual.length; i++) {
      f1.addChoice(actual[i], predicted[i]);
    }
    assertThat(f1.of(0)).isEqualTo(2 / 3.0, within(1e-12));
    assertThat(f1.of(2)).isNull();
    assertThat(f1.macro()).isEqualTo(2 / 3.0, within(1e-12));
    assertThat(f1.micro()).isEqualTo(4 / 6.0, within(1e-12));
    assertThat(new F1Score(1).micro()).isNull();
  }

  @Test
  void f1OfUnequalClasses_differsInItsMeans() {
    F1Score f1 = new F1Score(2);
    f1.add(0, true, true);
    f1.add(0, true, true);
    f1.add(0, false, true);
    f1.add(1, true, false);
    f1.add(1, false, false);
    assertThat(f1.of(0)).isEqualTo(0.8, within(1e-12));
    assertThat(f1.of(1)).isEqualTo(0);
    assertThat(f1.macro()).isEqualTo(0.4, within(1e-12));
    assertThat(f1.micro()).isEqualTo(4 / 6.0, within(1e-12));
  }

  private static OutputError error(float[] parent, float[] child) {
    OutputErrorMeter meter = new OutputErrorMeter();
    meter.add(
        Tensor.ofFloats(Shape.of(parent.length), parent),
        Tensor.ofFloats(Shape.of(child.length), child),
        parent.length);
    return meter.result("y");
  }

  @Test
  void sqnr_isSignalOverNoiseInDecibels() {
    OutputError error = error(new float[] {3, 4, 0}, new float[] {3, 4.5f, 0});
    assertThat(error.sqnrDb()).isEqualTo(20, within(1e-9));
    assertThat(error.maxError()).isEqualTo(0.5);
    assertThat(error.equal()).isEqualTo(2 / 3.0, within(1e-12));
    assertThat(error.elements()).isEqualTo(3);
  }

  @Test
  void sqnr_isAbsentWithoutNoise_andWorstForNoNumber() {
    float[] values = {1, Float.NaN, Float.POSITIVE_INFINITY};
    assertThat(error(values, values).sqnrDb()).isNull();
    assertThat(error(values, values).equal()).isEqualTo(1);
    assertThat(error(new float[] {1, 2}, new float[] {1, Float.NaN}).sqnrDb()).isEqualTo(-300);
    assertThat(error(new float[] {0, 0}, new float[] {1, 0}).sqnrDb()).isEqualTo(-300);
  }

  @Test
  void percentiles_interpolate() {
    double[] nanos = new double[101];
    for (int i = 0; i < nanos.length; i++) {
      nanos[i] = (100 - i) * 1e6;
    }
    Percentiles percentiles = Percentiles.ofNanos(nanos);
    assertThat(percentiles.p50()).isEqualTo(50);
    assertThat(percentiles.p95()).isEqualTo(95);
    assertThat(percentiles.p99()).isEqualTo(99);
    assertThat(Percentiles.ofNanos(new double[] {1e6, 2e6}).p50()).isEqualTo(1.5);
    assertThat(Percentiles.ofNanos(new double[] {3e6}).p99()).isEqualTo(3);
  }

  @Test
  void ratio_isTheMedianOfPairs() {
    Ratio ratio = Ratio.of(new double[] {2, 4, 9}, new double[] {1, 4, 3});
    assertThat(ratio.median()).isEqualTo(2);
    assertThat(ratio.low()).isEqualTo(1.2, within(1e-12));
    assertThat(ratio.high()).isEqualTo(2.8, within(1e-12));
  }
}
