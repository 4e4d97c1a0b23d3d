package io.compresso.technique;

import org.jspecify.annotations.Nullable;

/**
 * What a step of a pipeline works with.
 *
 * @param calibration data to observe activations on, null when the job has none
 * @param target the CPU that the result is for, as in the job
 * @param budget how much the step may spend
 * @param seed of everything random
 */
public record StepContext(
    @Nullable BatchSource calibration,
    String target,
    JobSpec.Budget budget,
    long seed,
    JobHost host) {

  /** Progress within the step: {@code fraction} of it is done. */
  public void progress(String stage, double fraction) {
    host.progress(stage, fraction);
  }
}
