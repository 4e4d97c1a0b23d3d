package io.compresso.technique.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.technique.Report;
import io.compresso.technique.quantize.QuantizeParams.ObserverKind;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoredWeightsTest {
  private static final int ROWS = 6;
  private static final int DEPTH = 40;

  private static Tensor weights() {
    Random random = new Random(3);
    float[] values = new float[ROWS * DEPTH];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * (1 + i / DEPTH);
    }
    return Tensor.ofFloats(Shape.of(ROWS, DEPTH), values);
  }

  private static Report.Histogram histogram(StoredWeights stored) {
    return Objects.requireNonNull(StoredWeights.histogram(stored));
  }

  private static long total(Iterable<Long> counts) {
    long total = 0;
    for (long count : counts) {
      total += count;
    }
    return total;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void after_isWhatTheIntegersStandFor_whateverTheAxis(int axis) {
    Tensor weights = weights();
    WeightQuantizer quantizer = new WeightQuantizer(true, ObserverKind.MIN_MAX, 100, 127);
    WeightQuantizer.Quantized quantized =
        quantizer.quantize(weights.toFloats(), weights.shape(), axis, new float[1]);
    StoredWeights stored = StoredWeights.of(weights, quantized);
    for (int i = 0; i < weights.size(); i++) {
      float scale = quantized.params().scales()[axis == 0 ? i / DEPTH : i % DEPTH];
      assertThat(Math.abs(stored.after().applyAsDouble(i) - weights.getFloat(i)))
          .isLessThanOrEqualTo(scale / 2 * 1.0001);
    }
    Report.Histogram histogram = histogram(stored);
    assertThat(histogram.before()).hasSize(StoredWeights.BINS);
    assertThat(total(histogram.before())).isEqualTo(weights.size());
    assertThat(total(histogram.after())).isEqualTo(weights.size());
    assertThat(histogram.sqnrDb()).isBetween(35.0, 60.0);
  }

  @Test
  void blocks_ofFourBitsLeaveFewValues() {
    Tensor weights = weights();
    WeightMatrix matrix = new WeightMatrix(weights.toFloats(), ROWS, DEPTH, 1, DEPTH, 1);
    Grid grid = Grid.fit(matrix.values(), ROWS, DEPTH, 16, 4, false, true);
    BlockWeights own =
        new BlockWeights(
            matrix, grid, Rounding.nearest(matrix.values(), ROWS, DEPTH, grid), 4, false);
    assertThat(histogram(StoredWeights.of(own)).sqnrDb()).isBetween(15.0, 30.0);
  }

  @Test
  void half_isRounded_andWeightsOfSeveralTensorsAreCountedTogether() {
    Tensor exact = Tensor.ofFloats(Shape.of(3), 0.5f, -0.25f, 1);
    assertThat(histogram(StoredWeights.of(exact, DType.FLOAT16)).sqnrDb()).isNull();
    Tensor odd = Tensor.ofFloats(Shape.of(2), 0.1f, 0.3f);
    Report.Histogram both =
        histogram(
            StoredWeights.of(exact, DType.BFLOAT16).plus(StoredWeights.of(odd, DType.BFLOAT16)));
    assertThat(total(both.before())).isEqualTo(5);
    assertThat(both.low()).isEqualTo(-0.25);
    assertThat(both.high()).isEqualTo(1);
    assertThat(both.sqnrDb()).isPositive();
  }

  @Test
  void histogram_leavesOutWhatIsNotFinite_andTakesEqualWeights() {
    Tensor some = Tensor.ofFloats(Shape.of(4), Float.NaN, 2, 2, Float.POSITIVE_INFINITY);
    Report.Histogram histogram = histogram(StoredWeights.of(some, DType.FLOAT16));
    assertThat(histogram.low()).isEqualTo(2);
    assertThat(histogram.high()).isEqualTo(2);
    assertThat(histogram.before().getFirst()).isEqualTo(2);
    assertThat(StoredWeights.histogram(null)).isNull();
  }
}
