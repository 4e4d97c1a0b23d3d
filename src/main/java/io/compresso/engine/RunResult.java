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
   * What one call of an operator cost, its subgraphs included.
   *
   * @param node the node's label
   * @param origins the labels of the model's nodes that it stands for: several when the graph was
   *     compiled
   * @param bytes what its outputs take
   */
  public record NodeProfile(
      String node, String opType, List<String> origins, long nanos, long bytes) {}
}
