package io.compresso.technique;

import io.compresso.graph.Model;

/** The job's goal for accuracy, measured on its evaluation data. */
public interface Objective {
  /** The largest loss that the goal allows. */
  double maxDrop();

  /**
   * How much worse a candidate is than the job's model; positive is worse.
   *
   * @throws JobStoppedException if the host stopped the job
   */
  double drop(Model candidate);
}
