package io.compresso.technique.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.compresso.technique.quantize.QuantizeParams.ObserverKind;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ObserverTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 15, 16, 4095, 4096, 4097, 65_536, 200_003})
  void extremes_areThoseOfAPlainLoop(int size) {
    Random random = new Random(size);
    float[] values = new float[size];
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    long notFinite = 0;
    for (int i = 0; i < size; i++) {
      values[i] =
          switch (random.nextInt(3000)) {
            case 0 -> Float.NaN;
            case 1 -> Float.POSITIVE_INFINITY;
            case 2 -> Float.NEGATIVE_INFINITY;
            case 3 -> -0f;
            case 4 -> Float.MIN_VALUE;
            default -> (float) random.nextGaussian();
          };
      if (Float.isFinite(values[i])) {
        low = Math.min(low, values[i]);
        high = Math.max(high, values[i]);
      } else {
        notFinite++;
      }
    }
    Extremes extremes = Extremes.of(segment(values), size);
    assertThat(extremes.low()).isEqualTo(low);
    assertThat(extremes.high()).isEqualTo(high);
    assertThat(extremes.notFinite()).isEqualTo(notFinite);
  }

  private static MemorySegment segment(float[] values) {
    return Tensor.ofFloats(Shape.of(values.length), values).segment();
  }

  @Test
  void extremes_areEmpty_whenNothingIsFinite() {
    assertThat(Extremes.of(segment(new float[] {Float.NaN, Float.POSITIVE_INFINITY}), 2).isEmpty())
        .isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "1, false, 2, 3, 40, 50", "1, true, 2, 50, 40, 3", "-1, false, 40, 50, 7, 3",
    "1, true, 1, 9, 9, 2000", "1, false, 1, 5000, 4, 4", "-1, false, 1, 1, 30, 700"
  })
  void channels_haveTheMeansAndMaximaOfAPlainLoop(
      int axis, boolean channelsLast, long n, long a, long b, long c) {
    Tensor tensor = Fixtures.gaussian(n + a + b + c, 2, n, a, b, c);
    tensor.setDouble(5, Double.NaN);
    tensor.setDouble(tensor.size() - 1, Double.POSITIVE_INFINITY);
    boolean last = channelsLast || axis == -1;
    int channels = (int) (last ? c : a);
    double[] sums = new double[channels];
    double[] maxima = new double[channels];
    for (long i = 0; i < tensor.size(); i++) {
      int channel = (int) (last ? i % c : i / (b * c) % a);
      double value = tensor.getDouble(i);
      if (Double.isFinite(value)) {
        sums[channel] += value;
        maxima[channel] = Math.max(maxima[channel], Math.abs(value));
      }
    }
    ChannelMeans means = new ChannelMeans(Map.of("v", axis));
    ChannelMaxima most = new ChannelMaxima(Map.of("v", axis));
    for (int run = 0; run < 2; run++) {
      Extremes extremes = means.observe("v", tensor, channelsLast);
      assertThat(extremes).isNotNull();
      assertThat(extremes.notFinite()).isEqualTo(2);
      most.observe("v", tensor, channelsLast);
    }
    float[] gotMeans = means.means("v");
    float[] gotMaxima = most.of("v");
    assertThat(gotMeans).hasSize(channels);
    long each = tensor.size() / channels;
    for (int i = 0; i < channels; i++) {
      assertThat((double) gotMeans[i]).isCloseTo(sums[i] / each, within(1e-5));
      assertThat((double) gotMaxima[i]).isEqualTo(maxima[i]);
    }
  }

  /** A sample of one element in a hundred says nearly what all say, also of periodic data. */
  @ParameterizedTest
  @EnumSource(ObserverKind.class)
  void sample_givesNearlyTheRangeOfAll(ObserverKind kind) {
    StreamingHistogram all = new StreamingHistogram();
    StreamingHistogram sample = new StreamingHistogram(4096);
    for (int batch = 0; batch < 40; batch++) {
      Tensor tensor = Fixtures.gaussian(batch, 1, 64, 80, 80);
      for (long i = 0; i < tensor.size(); i++) {
        double value = tensor.getDouble(i) * (i % 80 == 3 ? 4 : 1);
        tensor.setDouble(i, Math.max(value, -0.5));
      }
      all.add(tensor);
      sample.add(tensor);
    }
    assertThat(sample.range()).isEqualTo(all.range());
    assertThat(sample.averageRange()).isEqualTo(all.averageRange());
    assertThat(sample.count()).isEqualTo(40 * 4096);
    RangeFinder finder = new RangeFinder(kind, DType.UINT8, false, 99.9);
    Range expected = finder.find(all);
    Range actual = finder.find(sample);
    double step = (expected.high() - expected.low()) / 255;
    assertThat((double) actual.low()).isCloseTo(expected.low(), within(8 * step));
    assertThat((double) actual.high()).isCloseTo(expected.high(), within(0.1 * expected.high()));
  }

  @Test
  void sample_isTheSame_whenTakenAgain() {
    StreamingHistogram[] twice = {new StreamingHistogram(100), new StreamingHistogram(100)};
    for (StreamingHistogram histogram : twice) {
      for (int batch = 0; batch < 5; batch++) {
        histogram.add(Fixtures.gaussian(batch, 1, 70_001));
      }
    }
    assertThat(twice[0].bins()).isEqualTo(twice[1].bins());
  }
}
