package io.compresso.technique.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.compresso.technique.quantize.QuantizeParams.ObserverKind;
import io.compresso.tensor.DType;
import io.compresso.tensor.QuantParams;
import io.compresso.tensor.Shape;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RangeFinderTest {
  @Test
  void histogram_doesNotDependOnOrderOrBatches() {
    float[] values = gaussian(5, 10_000, 3);
    StreamingHistogram whole = new StreamingHistogram();
    whole.add(values);
    StreamingHistogram parts = new StreamingHistogram();
    Arrays.sort(values);
    for (int from = 0; from < values.length; from += 1000) {
      parts.add(Arrays.copyOfRange(values, from, from + 1000));
    }
    assertThat(parts.bins()).isEqualTo(whole.bins());
    assertThat(parts.range()).isEqualTo(whole.range());
    assertThat(parts.count()).isEqualTo(10_000);
  }

  @Test
  void histogram_keepsEveryCount_whenItsLimitGrowsManyTimes() {
    StreamingHistogram histogram = new StreamingHistogram();
    histogram.add(0f, 0f);
    for (int exponent = -120; exponent <= 127; exponent += 13) {
      histogram.add(Math.scalb(1.5f, exponent), -Math.scalb(1.25f, exponent));
    }
    histogram.add(Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_VALUE);
    assertThat(Arrays.stream(histogram.bins()).sum()).isEqualTo(histogram.count());
    assertThat(histogram.range()).isEqualTo(new Range(-Float.MAX_VALUE, Float.MAX_VALUE));
  }

  @Test
  void histogram_countsWhatIsNotFinite() {
    StreamingHistogram histogram = new StreamingHistogram();
    histogram.add(Float.NaN, Float.NEGATIVE_INFINITY, 2f);
    assertThat(histogram.notFinite()).isEqualTo(2);
    assertThat(histogram.range()).isEqualTo(new Range(2, 2));
    assertThat(new StreamingHistogram().isEmpty()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 100, 5_000, 200_000})
  void entropy_isThatOfTheDefinition(int count) {
    Random random = new Random(count);
    for (int round = 0; round < 10; round++) {
      long[] bins = new long[2 * StreamingHistogram.HALF];
      for (int i = 0; i < count; i++) {
        double place = StreamingHistogram.HALF + random.nextGaussian() * 40 * (round + 1);
        bins[(int) Math.clamp(place, 0, bins.length - 1)]++;
      }
      int below = round % 3 == 0 ? 0 : StreamingHistogram.HALF - round;
      int above = StreamingHistogram.HALF - 3 * round;
      double best = 1;
      double least = Double.POSITIVE_INFINITY;
      for (int step = 128; step >= 1; step--) {
        int from = StreamingHistogram.HALF - (int) Math.round(below * (step / 128.0));
        int to = StreamingHistogram.HALF + (int) Math.round(above * (step / 128.0));
        double divergence = to - from < 256 ? least : divergence(bins, from, to, 256);
        if (divergence < least) {
          least = divergence;
          best = step / 128.0;
        }
      }
      double share = EntropyRange.share(bins, StreamingHistogram.HALF, below, above, 256);
      assertThat(share).as("round %d", round).isEqualTo(best);
    }
  }

  /** The divergence bin by bin. */
  private static double divergence(long[] bins, int from, int to, int levels) {
    double[] reference = new double[to - from];
    double[] quantized = new double[to - from];
    for (int i = 0; i < bins.length; i++) {
      reference[Math.clamp(i - from, 0, to - from - 1)] += bins[i];
    }
    double kept = 0;
    for (int level = 0; level < levels; level++) {
      int start = level * (to - from) / levels;
      int end = (level + 1) * (to - from) / levels;
      long filled = Arrays.stream(reference, start, end).filter(p -> p > 0).count();
      double mass = Arrays.stream(bins, from + start, from + end).sum();
      kept += mass;
      Arrays.fill(quantized, start, end, mass / filled);
    }
    double total = Arrays.stream(bins).sum();
    double divergence = kept == 0 ? Double.POSITIVE_INFINITY : 0;
    for (int i = 0; i < reference.length; i++) {
      if (kept > 0 && reference[i] > 0) {
        double p = reference[i] / total;
        divergence += p * Math.log(p / Math.max(quantized[i] / kept, 1e-12));
      }
    }
    return divergence;
  }

  @ParameterizedTest
  @EnumSource(ObserverKind.class)
  void range_liesWithinWhatWasSeen(ObserverKind kind) {
    for (float scale : new float[] {1e-6f, 1f, 3e5f}) {
      StreamingHistogram histogram = new StreamingHistogram();
      histogram.add(gaussian(7, 50_000, scale));
      Range range = new RangeFinder(kind, DType.UINT8, false, 99.9).find(histogram);
      assertThat(range.low()).isBetween(histogram.range().low(), -scale);
      assertThat(range.high()).isBetween(scale, histogram.range().high());
    }
  }

  @Test
  void percentile_cutsTheShareOnBothSides() {
    float[] values = new float[10_001];
    for (int i = 0; i < values.length; i++) {
      values[i] = i / 5000f - 1;
    }
    StreamingHistogram histogram = new StreamingHistogram();
    histogram.add(values);
    Range range = new RangeFinder(ObserverKind.PERCENTILE, DType.UINT8, false, 90).find(histogram);
    assertThat(range.low()).isCloseTo(-0.9f, within(0.002f));
    assertThat(range.high()).isCloseTo(0.9f, within(0.002f));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void mse_isNotWorseThanAnyOtherObserver(long seed) {
    float[] values = gaussian(seed, 20_000, 1);
    values[0] = 40;
    values[1] = -25;
    StreamingHistogram histogram = new StreamingHistogram();
    histogram.add(values);
    double least = squaredError(values, ObserverKind.MSE, histogram);
    for (ObserverKind kind : ObserverKind.values()) {
      assertThat(least).as(kind.name()).isLessThan(1.02 * squaredError(values, kind, histogram));
    }
  }

  @Test
  void entropy_cutsAFarOutlier() {
    float[] values = gaussian(11, 100_000, 1);
    values[0] = 100;
    StreamingHistogram histogram = new StreamingHistogram();
    histogram.add(values);
    Range range = new RangeFinder(ObserverKind.ENTROPY, DType.INT8, true, 0).find(histogram);
    assertThat(range.high()).isBetween(3f, 30f);
  }

  @Test
  void movingAverage_followsTheBatches() {
    StreamingHistogram histogram = new StreamingHistogram();
    histogram.add(-1f, 1f);
    histogram.add(-1f, 101f);
    assertThat(histogram.averageRange()).isEqualTo(new Range(-1, 2));
  }

  @Test
  void params_representZeroExactly() {
    for (Range range :
        new Range[] {
          new Range(2, 9),
          new Range(-7, -1),
          new Range(-0.3f, 5),
          new Range(0, 0),
          new Range(-1e-42f, 1e-42f),
          new Range(-3e38f, 3e38f)
        }) {
      for (DType dtype : new DType[] {DType.UINT8, DType.INT8}) {
        for (boolean symmetric : new boolean[] {true, false}) {
          QuantParams params = range.toParams(dtype, symmetric);
          assertThat(params.dequantize(params.quantize(0, 0), 0)).isZero();
          float step = params.scales()[0];
          assertThat(params.dequantize(params.quantize(range.high(), 0), 0))
              .isCloseTo(range.high(), within(step));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(ObserverKind.class)
  void weights_loseAtMostHalfAStep_whenNothingIsCut(ObserverKind kind) {
    float[] weights = gaussian(3, 4 * 6 * 5, 0.1f);
    Shape shape = Shape.of(4, 6, 5);
    for (int axis = 0; axis < 3; axis++) {
      for (boolean perChannel : new boolean[] {true, false}) {
        WeightQuantizer.Quantized q =
            new WeightQuantizer(perChannel, kind, 100, 127)
                .quantize(weights, shape, axis, new float[] {0});
        assertThat(q.params().scales()).hasSize(perChannel ? (int) shape.dim(axis) : 1);
        long inner = shape.size(axis + 1, 3);
        for (int i = 0; i < weights.length; i++) {
          int channel = perChannel ? (int) (i / inner % shape.dim(axis)) : 0;
          long value = q.values().getLong(i);
          assertThat(value).isBetween(-127L, 127L);
          if (Math.abs(value) < 127) {
            assertThat(q.params().dequantize((int) value, channel))
                .isCloseTo(weights[i], within(q.params().scales()[channel] * 0.5001f));
          }
        }
      }
    }
  }

  @Test
  void weights_keepTheLowerBoundOfTheScale() {
    WeightQuantizer.Quantized q =
        new WeightQuantizer(true, ObserverKind.MIN_MAX, 100, 64)
            .quantize(new float[] {1e-9f, 0, 64, -32}, Shape.of(2, 2), 0, new float[] {0.5f, 0});
    assertThat(q.params().scales()).containsExactly(0.5f, 1f);
    assertThat(q.values().toLongs()).containsExactly(0, 0, 64, -32);
  }

  private static double squaredError(
      float[] values, ObserverKind kind, StreamingHistogram histogram) {
    QuantParams params =
        new RangeFinder(kind, DType.UINT8, false, 99.9)
            .find(histogram)
            .toParams(DType.UINT8, false);
    double error = 0;
    for (float value : values) {
      double difference = value - params.dequantize(params.quantize(value, 0), 0);
      error += difference * difference;
    }
    return error;
  }

  private static float[] gaussian(long seed, int size, float scale) {
    Random random = new Random(seed);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian() * scale;
    }
    return values;
  }
}
