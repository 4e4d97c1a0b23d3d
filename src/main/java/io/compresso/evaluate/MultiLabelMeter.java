package io.compresso.evaluate;

import io.compresso.data.Label;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Any number of classes for a sample, against one score for each class. */
final class MultiLabelMeter implements Scorer.Meter {
  private final int width;
  private final F1Score asProbabilities;
  private final F1Score asLogits;
  private final List<ScoreTable> tables = new ArrayList<>();
  private boolean probabilities = true;

  MultiLabelMeter(int width) {
    this.width = width;
    this.asProbabilities = new F1Score(width);
    this.asLogits = new F1Score(width);
    if (width <= 1024) {
      for (int k = 0; k < width; k++) {
        tables.add(new ScoreTable(1));
      }
    }
  }

  @Override
  public void add(Tensor scores, long from, Label label) {
    if (!(label instanceof Label.Classes(boolean[] present))) {
      return;
    }
    for (int k = 0; k < width; k++) {
      float score = scores.getFloat(from + k);
      probabilities &= score >= 0 && score <= 1;
      asProbabilities.add(k, present[k], score > 0.5f);
      asLogits.add(k, present[k], score > 0);
      if (!tables.isEmpty()) {
        tables.get(k).add(new float[] {score}, present[k] ? 1 : 0);
      }
    }
  }

  @Override
  public void figures(Map<String, Double> metrics) {
    F1Score f1 = probabilities ? asProbabilities : asLogits;
    Scorer.put(metrics, "f1", f1.micro());
    Scorer.put(metrics, "f1Macro", f1.macro());
    double sum = 0;
    int count = 0;
    for (ScoreTable table : tables) {
      Double own = table.auc(0, 1);
      if (own != null) {
        sum += own;
        count++;
      }
    }
    Scorer.put(metrics, "auc", count == 0 ? null : sum / count);
  }
}
