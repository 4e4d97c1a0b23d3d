package io.compresso.evaluate;

import io.compresso.data.Label;
import io.compresso.tensor.Tensor;
import java.util.Map;

/** Class labels against an output that is the class's index. */
final class IndexMeter implements Scorer.Meter {
  private final F1Score f1;
  private final int classes;
  private long samples;
  private long right;

  IndexMeter(int classes) {
    this.classes = classes;
    this.f1 = new F1Score(classes + 1);
  }

  @Override
  public void add(Tensor scores, long from, Label label) {
    if (label instanceof Label.ClassIndex(int actual)) {
      long predicted = scores.getLong(from);
      samples++;
      right += predicted == actual ? 1 : 0;
      f1.addChoice(actual, predicted < 0 || predicted >= classes ? classes : (int) predicted);
    }
  }

  @Override
  public void figures(Map<String, Double> metrics) {
    Scorer.put(metrics, "top1", samples == 0 ? null : (double) right / samples);
    Scorer.put(metrics, "f1", classes == 2 ? f1.of(1) : f1.macro());
    Scorer.put(metrics, "f1Macro", f1.macro());
  }
}
