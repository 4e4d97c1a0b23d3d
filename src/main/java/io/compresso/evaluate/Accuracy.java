package io.compresso.evaluate;

import java.util.Map;
import java.util.Set;

/**
 * How well a model does on labelled data.
 *
 * @param runtime where it ran
 * @param output the output that was held against the labels
 * @param samples how many were counted
 * @param metrics figures by name. Classes: {@code top1}, {@code top5}, {@code f1} (of the second
 *     class when there are two, else the mean over classes), {@code f1Macro}, {@code auc} (area
 *     under the ROC curve; mean of one-vs-rest over classes). Several labels for a sample: {@code
 *     f1} (micro), {@code f1Macro}, {@code auc}. Regression: {@code mae}, {@code mse}, {@code
 *     rmse}, {@code r2}. What cannot be told from the data is left out
 */
public record Accuracy(String runtime, String output, long samples, Map<String, Double> metrics) {
  private static final Set<String> ERRORS = Set.of("mae", "mse", "rmse");

  public Accuracy {
    metrics = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(metrics));
  }

  /** Whether a larger value of the metric is a better one. */
  public static boolean higherIsBetter(String metric) {
    return !ERRORS.contains(metric);
  }
}
