package io.compresso.technique.quantize;

import io.compresso.graph.Node;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes of a graph compute on integers, and what happens to the others. Nodes are identified
 * by the object.
 */
final class QuantPlan {
  /** How a node computes on integers. */
  enum Kind {
    /** With constant weights. */
    WEIGHTED,
    /** With a range of its own for the output. */
    ACTIVATION,
    /** With the quantization of its input. */
    PASS_THROUGH
  }

  private final Map<Node, Kind> kinds = new IdentityHashMap<>();
  private final Map<Node, Node> fused = new IdentityHashMap<>();
  private final Set<Node> absorbed = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Set<String> integerValues = new LinkedHashSet<>();
  private final Set<String> wide = new LinkedHashSet<>();
  private final Map<Node, String> reasons = new IdentityHashMap<>();

  void quantize(Node node, Kind kind) {
    kinds.put(node, kind);
  }

  void leave(Node node) {
    kinds.remove(node);
  }

  void fuse(Node producer, Node activation) {
    fused.put(producer, activation);
    absorbed.add(activation);
  }

  void integer(String value) {
    integerValues.add(value);
  }

  /** Gives the values 16 bits instead of 8. */
  void widen(Set<String> values) {
    wide.addAll(values);
  }

  /** Whether the value takes 16 bits. */
  boolean isWide(String value) {
    return wide.contains(value);
  }

  void reason(Node node, String why) {
    reasons.put(node, why);
  }

  /** How the node computes on integers; null when it does not. */
  @Nullable Kind kind(Node node) {
    return kinds.get(node);
  }

  boolean isQuantized(Node node) {
    return kinds.containsKey(node);
  }

  /** The activation that the node's output range stands for; null when there is none. */
  @Nullable Node fused(Node producer) {
    return fused.get(producer);
  }

  /** Whether the node disappears into the range of the one before it. */
  boolean isAbsorbed(Node node) {
    return absorbed.contains(node);
  }

  /** The values that exist as integers, in the graph's order. */
  Set<String> integerValues() {
    return Collections.unmodifiableSet(integerValues);
  }

  boolean isInteger(String value) {
    return integerValues.contains(value);
  }

  /** Why a node that could have been quantized was not; empty when there is nothing to say. */
  String reason(Node node) {
    return reasons.getOrDefault(node, "");
  }

  /** The name of the value that the node's output becomes, after a fused activation. */
  String output(Node node) {
    Node activation = fused.get(node);
    return (activation == null ? node : activation).outputs().getFirst();
  }
}
