package io.compresso.evaluate;

import org.jspecify.annotations.Nullable;

/** Counts of right and wrong decisions for each class, and F1 scores of them. */
public final class F1Score {
  private final long[] truePositives;
  private final long[] falsePositives;
  private final long[] falseNegatives;

  public F1Score(int classes) {
    truePositives = new long[classes];
    falsePositives = new long[classes];
    falseNegatives = new long[classes];
  }

  /** Counts one decision about one class. */
  public void add(int index, boolean actual, boolean predicted) {
    if (actual && predicted) {
      truePositives[index]++;
    } else if (predicted) {
      falsePositives[index]++;
    } else if (actual) {
      falseNegatives[index]++;
    }
  }

  /** Counts one choice among the classes. */
  public void addChoice(int actual, int predicted) {
    if (actual == predicted) {
      truePositives[actual]++;
    } else {
      falseNegatives[actual]++;
      falsePositives[predicted]++;
    }
  }

  /** F1 of one class; null when it is neither there nor predicted. */
  public @Nullable Double of(int index) {
    long counted = 2 * truePositives[index] + falsePositives[index] + falseNegatives[index];
    return counted == 0 ? null : 2.0 * truePositives[index] / counted;
  }

  /** The mean over the classes that are there or predicted; null when there is none. */
  public @Nullable Double macro() {
    double sum = 0;
    int count = 0;
    for (int i = 0; i < truePositives.length; i++) {
      Double own = of(i);
      if (own != null) {
        sum += own;
        count++;
      }
    }
    return count == 0 ? null : sum / count;
  }

  /** F1 of all decisions together; null when there is none. */
  public @Nullable Double micro() {
    long right = 0;
    long wrong = 0;
    for (int i = 0; i < truePositives.length; i++) {
      right += truePositives[i];
      wrong += falsePositives[i] + falseNegatives[i];
    }
    return right + wrong == 0 ? null : 2.0 * right / (2.0 * right + wrong);
  }
}
