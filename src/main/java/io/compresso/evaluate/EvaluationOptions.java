package io.compresso.evaluate;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a model is evaluated.
 *
 * @param batchSize samples for each run, where the model fixes none
 * @param output the output to hold against the labels; null for the first that fits them
 * @param fields the fields that feed inputs of other names: input to field
 * @param progress told after every batch; what it throws ends the evaluation
 */
public record EvaluationOptions(
    int batchSize, @Nullable String output, Map<String, String> fields, Progress progress) {
  public static final EvaluationOptions DEFAULT =
      new EvaluationOptions(32, null, Map.of(), (_, _) -> {});

  public EvaluationOptions {
    fields = Map.copyOf(fields);
    if (batchSize < 1) {
      throw new IllegalArgumentException("batch size " + batchSize);
    }
  }

  /** Told how far an evaluation has come. */
  @FunctionalInterface
  public interface Progress {
    void done(long samples, long total);
  }

  public EvaluationOptions withProgress(Progress newProgress) {
    return new EvaluationOptions(batchSize, output, fields, newProgress);
  }

  public EvaluationOptions withFields(Map<String, String> newFields) {
    return new EvaluationOptions(batchSize, output, newFields, progress);
  }
}
