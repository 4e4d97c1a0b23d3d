package io.compresso.op;

import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.kernel.Workers;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One call of an operator: the node, its inputs, and what the engine lends for the call. */
public interface OpContext {
  Node node();

  /** The version of the node's operator set. */
  int opset();

  /** Input {@code index}, or null when it is omitted. */
  @Nullable Value input(int index);

  /** Memory for a result, zeroed. */
  Tensor allocate(DType dtype, Shape shape);

  /**
   * Memory whose contents are undefined, for a result that is written as a whole or for work during
   * the call.
   */
  default Tensor allocateUncleared(DType dtype, Shape shape) {
    return allocate(dtype, shape);
  }

  /** How many threads the call may use, its own included. */
  default int threads() {
    return Workers.shared().size();
  }

  /** Runs a subgraph of the node; it also sees the values around the node. */
  List<Value> run(Graph body, Map<String, Value> inputs);

  /**
   * Whether input {@code index} is the same tensor in every run, so that work on it may be kept.
   */
  default boolean isConstant(int index) {
    return false;
  }

  /**
   * What an earlier call of this node made, or else what {@code make} makes now: for work on
   * constant inputs only, such as the packing of weights. One object per node; it lives as long as
   * the session.
   */
  default <T> T prepared(Supplier<T> make) {
    return make.get();
  }

  /** How many inputs the node names. */
  default int inputCount() {
    return node().inputs().size();
  }

  /** Tensor input {@code index}, or null when it is omitted. */
  default @Nullable Tensor tensorOrNull(int index) {
    Value value = input(index);
    if (value == null || value instanceof Tensor) {
      return (Tensor) value;
    }
    throw new GraphException(node(), "input " + index + " is not a tensor");
  }

  /**
   * Tensor input {@code index}.
   *
   * @throws GraphException if it is omitted or not a tensor
   */
  default Tensor tensor(int index) {
    Tensor tensor = tensorOrNull(index);
    if (tensor == null) {
      throw new GraphException(node(), "input " + index + " is missing");
    }
    return tensor;
  }

  /** An error that blames the node. */
  default GraphException error(String message) {
    return new GraphException(node(), message);
  }
}
