package io.compresso.engine;

import io.compresso.tensor.Value;
import java.util.List;
import java.util.Map;

/**
 * What a run gives back.
 *
 * @param values the outputs in the graph's order, then what was fetched; the caller's own
 * @param profile a row for each operator of the graph in the order of execution, empty when the run
 *     was not profiled
 * @param peakBytes the most memory that the run's values took at a time
 */
public record RunResult(Map<String, Value> values, List<NodeProfile> profile, long peakBytes) {
  /**
   * What an operator cost, its subgraphs included: in one call, or in a subgraph in all calls of
   * the run.
   *
   * @param node the node's label
   * @param origins the labels of the model's nodes that it stands for: several when the graph was
   *     compiled
   * @param bytes what its outputs take, of all calls together
   * @param kernels what it ran; empty where the operator's reference computed it or its subgraphs
   *     did
   * @param bodies what its subgraphs cost, those that ran
   */
  public record NodeProfile(
      String node,
      String opType,
      List<String> origins,
      long calls,
      long nanos,
      long bytes,
      List<KernelUse> kernels,
      List<BodyProfile> bodies) {}

  /**
   * What a subgraph or a local function cost, all its turns together.
   *
   * @param name of the attribute that holds it, or of the function
   * @param nodes a row for each operator that ran
   */
  public record BodyProfile(String name, List<NodeProfile> nodes) {}

  /**
   * A kernel that was chosen for a problem.
   *
   * @param kernel its id
   * @param problem what it computes
   * @param refused the kernels before it in the catalogue that do not take the problem
   */
  public record KernelUse(String kernel, String problem, List<Refused> refused) {}

  /** A kernel that does not take a problem, and why. */
  public record Refused(String kernel, String reason) {}
}
