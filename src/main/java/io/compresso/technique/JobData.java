package io.compresso.technique;

import io.compresso.data.Dataset;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The opened data sets of a job, already cut to what the job selects. The caller closes them.
 *
 * @param train data to train on, null when the job has none
 * @param calibration data to observe activations on, null when the job has none
 * @param evaluation data to compare parent and result on, null when the job has none
 */
public record JobData(
    @Nullable Bound train, @Nullable Bound calibration, @Nullable Bound evaluation) {
  public static final JobData NONE = new JobData(null, null, null);

  /**
   * A data set and how it feeds the model.
   *
   * @param fields for inputs of the model whose names differ from the data's: input to field
   */
  public record Bound(Dataset dataset, Map<String, String> fields) {
    public Bound(Dataset dataset) {
      this(dataset, Map.of());
    }
  }
}
