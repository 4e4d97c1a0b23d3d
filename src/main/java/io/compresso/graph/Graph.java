package io.compresso.graph;

import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Map;

/**
 * A dataflow graph in single-assignment form. Immutable: a {@link Patch} makes another one.
 *
 * @param name the graph's name
 * @param inputs what a run must supply; before IR version 4 also the initializers, which then are
 *     defaults
 * @param outputs what a run gives back
 * @param nodes in an order in which every value is produced before it is read
 * @param initializers constants by name, in the file's order
 * @param valueInfos known types of values in between, by name
 */
public record Graph(
    String name,
    List<ValueInfo> inputs,
    List<ValueInfo> outputs,
    List<Node> nodes,
    Map<String, Tensor> initializers,
    Map<String, ValueInfo> valueInfos,
    Annotations annotations) {
  public Graph {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    nodes = List.copyOf(nodes);
    initializers = FixedMap.copyOf(initializers);
    valueInfos = FixedMap.copyOf(valueInfos);
  }

  /** The inputs that have no initializer: those that a run must supply. */
  public List<ValueInfo> requiredInputs() {
    return inputs.stream().filter(input -> !initializers.containsKey(input.name())).toList();
  }
}
