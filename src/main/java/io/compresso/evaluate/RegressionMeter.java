package io.compresso.evaluate;

import io.compresso.data.Label;
import io.compresso.tensor.Tensor;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Targets against predictions. Sums of squares are kept about the first target, for precision. */
final class RegressionMeter implements Scorer.Meter {
  private final int width;
  private final double[] origin;
  private final double[] sum;
  private final double[] squares;
  private final double[] residuals;
  private double absolute;
  private long samples;

  RegressionMeter(int width) {
    this.width = width;
    this.origin = new double[width];
    this.sum = new double[width];
    this.squares = new double[width];
    this.residuals = new double[width];
  }

  @Override
  public void add(Tensor scores, long from, Label label) {
    if (!(label instanceof Label.Targets(float[] targets))) {
      return;
    }
    for (int k = 0; k < width; k++) {
      if (samples == 0) {
        origin[k] = targets[k];
      }
      double centered = targets[k] - origin[k];
      double error = scores.getDouble(from + k) - targets[k];
      sum[k] += centered;
      squares[k] += centered * centered;
      residuals[k] += error * error;
      absolute += Math.abs(error);
    }
    samples++;
  }

  @Override
  public void figures(Map<String, Double> metrics) {
    if (samples == 0) {
      return;
    }
    double squared = 0;
    for (double residual : residuals) {
      squared += residual;
    }
    double mse = squared / samples / width;
    Scorer.put(metrics, "mae", absolute / samples / width);
    Scorer.put(metrics, "mse", mse);
    Scorer.put(metrics, "rmse", Math.sqrt(mse));
    Scorer.put(metrics, "r2", r2());
  }

  /** The mean over the targets that vary; null when none does. */
  private @Nullable Double r2() {
    double total = 0;
    int count = 0;
    for (int k = 0; k < width; k++) {
      double variance = squares[k] - sum[k] * sum[k] / samples;
      if (variance > 0) {
        total += 1 - residuals[k] / variance;
        count++;
      }
    }
    return count == 0 ? null : total / count;
  }
}
