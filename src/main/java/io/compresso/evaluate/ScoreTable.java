package io.compresso.evaluate;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Scores kept for figures that need all of them at once. Memory is bounded: beyond {@value
 * #MAX_SCORES} scores nothing more is kept, and figures are of what was kept.
 */
final class ScoreTable {
  private static final int MAX_SCORES = 1 << 24;

  private final int width;
  private float[] scores = new float[1024];
  private int[] labels = new int[64];
  private int size;
  private boolean full;

  ScoreTable(int width) {
    this.width = width;
  }

  int width() {
    return width;
  }

  int size() {
    return size;
  }

  void add(float[] row, int label) {
    if (full || (long) (size + 1) * width > MAX_SCORES) {
      full = true;
      return;
    }
    if ((size + 1) * width > scores.length) {
      scores = Arrays.copyOf(scores, Math.max(scores.length * 2, (size + 1) * width));
    }
    if (size == labels.length) {
      labels = Arrays.copyOf(labels, labels.length * 2);
    }
    System.arraycopy(row, 0, scores, size * width, width);
    labels[size++] = label;
  }

  float score(int row, int column) {
    return scores[row * width + column];
  }

  int label(int row) {
    return labels[row];
  }

  boolean areProbabilities() {
    for (int i = 0; i < size * width; i++) {
      if (scores[i] < 0 || scores[i] > 1) {
        return false;
      }
    }
    return true;
  }

  /** The area under the ROC curve of one column for one class. */
  @Nullable Double auc(int column, int positiveClass) {
    float[] values = new float[size];
    boolean[] positive = new boolean[size];
    for (int i = 0; i < size; i++) {
      values[i] = score(i, column);
      positive[i] = labels[i] == positiveClass;
    }
    return RocCurve.area(values, positive);
  }

  /** The mean of one-vs-rest areas over the classes that are there. */
  @Nullable Double macroAuc() {
    if (full) {
      return null;
    }
    double sum = 0;
    int count = 0;
    boolean[] there = new boolean[width];
    for (int i = 0; i < size; i++) {
      there[labels[i]] = true;
    }
    for (int c = 0; c < width; c++) {
      Double own = there[c] ? auc(c, c) : null;
      if (own != null) {
        sum += own;
        count++;
      }
    }
    return count == 0 ? null : sum / count;
  }
}
