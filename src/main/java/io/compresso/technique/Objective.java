package io.compresso.technique;

import io.compresso.graph.Model;

/** The job's goal for accuracy, measured on its evaluation data. */
public interface Objective {
  /** Whether the job has a goal; without one there is only a loss to measure. */
  default boolean isGoal() {
    return true;
  }

  /**
   * How much worse a candidate is on a part of the data, for many candidates.
   *
   * @throws JobStoppedException if the host stopped the job
   */
  default double quickDrop(Model candidate) {
    return drop(candidate);
  }

  /**
   * The same, unless it takes too long.
   *
   * @param deadline in {@link System#nanoTime} terms
   * @throws OutOfTimeException if the deadline passed between two batches
   */
  default double quickDrop(Model candidate, long deadline) {
    return quickDrop(candidate);
  }

  /** The largest loss that the goal allows. */
  double maxDrop();

  /**
   * How much worse a candidate is than the job's model; positive is worse.
   *
   * @throws JobStoppedException if the host stopped the job
   */
  double drop(Model candidate);

  /**
   * The same of a variant that a search tries, which the report shows.
   *
   * @param name what the reader knows the variant by
   */
  default double drop(Model candidate, String name) {
    return drop(candidate);
  }

  /**
   * The same, unless it takes too long.
   *
   * @param deadline in {@link System#nanoTime} terms
   * @throws OutOfTimeException if the deadline passed between two batches
   */
  default double drop(Model candidate, String name, long deadline) {
    return drop(candidate, name);
  }

  /** A measurement was given up because its time was over. */
  final class OutOfTimeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public OutOfTimeException() {
      super("the measurement takes longer than the budget allows", null, false, false);
    }
  }
}
