package io.compresso.evaluate;

import io.compresso.data.Label;
import io.compresso.tensor.Tensor;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Class labels against scores: one for each class, or one for the second of two classes. Scores may
 * be probabilities or logits.
 */
final class ClassMeter implements Scorer.Meter {
  private final int width;
  private final int classes;
  private final F1Score f1;
  private final ScoreTable table;
  private long samples;
  private long top1;
  private long top5;

  ClassMeter(int width, int classes) {
    this.width = width;
    this.classes = Math.max(2, Math.max(width, classes));
    this.f1 = new F1Score(this.classes);
    this.table = new ScoreTable(width == 1 || this.classes == 2 ? 1 : width);
  }

  @Override
  public void add(Tensor scores, long from, Label label) {
    if (!(label instanceof Label.ClassIndex(int actual))) {
      return;
    }
    samples++;
    if (width == 1) {
      table.add(new float[] {scores.getFloat(from)}, actual);
      return;
    }
    float[] row = new float[width];
    for (int k = 0; k < width; k++) {
      row[k] = scores.getFloat(from + k);
    }
    int rank = 0;
    int best = 0;
    for (int k = 0; k < width; k++) {
      best = row[k] > row[best] ? k : best;
      rank += row[k] > row[actual] || (row[k] == row[actual] && k < actual) ? 1 : 0;
    }
    boolean valid = !Float.isNaN(row[actual]);
    top1 += valid && best == actual ? 1 : 0;
    top5 += valid && rank < 5 ? 1 : 0;
    f1.addChoice(actual, best);
    if (classes == 2) {
      table.add(new float[] {row[1] - row[0]}, actual);
    } else {
      softmax(row);
      table.add(row, actual);
    }
  }

  /** Makes probabilities of scores that are none yet. */
  private static void softmax(float[] row) {
    float max = Float.NEGATIVE_INFINITY;
    double sum = 0;
    boolean inside = true;
    for (float value : row) {
      max = Math.max(max, value);
      sum += value;
      inside &= value >= 0 && value <= 1;
    }
    if (inside && Math.abs(sum - 1) < 1e-3) {
      return;
    }
    double total = 0;
    for (int k = 0; k < row.length; k++) {
      row[k] = (float) Math.exp(row[k] - max);
      total += row[k];
    }
    for (int k = 0; k < row.length; k++) {
      row[k] /= (float) total;
    }
  }

  @Override
  public void figures(Map<String, Double> metrics) {
    if (width == 1) {
      singleScore();
    }
    if (samples > 0) {
      Scorer.put(metrics, "top1", (double) top1 / samples);
      Scorer.put(metrics, "top5", classes > 5 ? (double) top5 / samples : null);
    }
    Scorer.put(metrics, "f1", classes == 2 ? f1.of(1) : f1.macro());
    Scorer.put(metrics, "f1Macro", f1.macro());
    Scorer.put(metrics, "auc", auc());
  }

  /** Decides by the threshold that the scores' range tells: 0.5 for probabilities, else 0. */
  private void singleScore() {
    float threshold = table.areProbabilities() ? 0.5f : 0;
    for (int i = 0; i < table.size(); i++) {
      int predicted = table.score(i, 0) > threshold ? 1 : 0;
      f1.addChoice(table.label(i), predicted);
      top1 += predicted == table.label(i) ? 1 : 0;
    }
  }

  private @Nullable Double auc() {
    return table.width() == 1 ? table.auc(0, 1) : table.macroAuc();
  }
}
