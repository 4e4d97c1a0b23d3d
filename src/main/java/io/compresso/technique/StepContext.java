package io.compresso.technique;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a step of a pipeline works with.
 *
 * @param calibration data to observe activations on, null when the job has none
 * @param objective the job's goal for accuracy, or a loss to measure; null without evaluation data
 * @param target the CPU that the result is for, as in the job
 * @param budget how much the step may spend
 * @param seed of everything random
 * @param work a folder for scratch files
 */
public record StepContext(
    @Nullable BatchSource calibration,
    @Nullable Objective objective,
    String target,
    JobSpec.Budget budget,
    long seed,
    Path work,
    JobHost host) {}
