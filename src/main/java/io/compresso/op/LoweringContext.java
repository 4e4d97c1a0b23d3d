package io.compresso.op;

import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A node whose inputs' types and shapes are fixed, to be lowered. */
public interface LoweringContext {
  Node node();

  /** The version of the node's operator set. */
  int opset();

  /** How many threads a call may use, its own included. */
  int threads();

  /** The type and shape of input {@code index}, or null when it is omitted. */
  @Nullable TensorSpec inputOrNull(int index);

  /** The type and shape of output {@code index}, or null when the node does not name it. */
  @Nullable TensorSpec outputOrNull(int index);

  /** The value of input {@code index} when it is the same in every run, else null. */
  @Nullable Tensor constant(int index);

  /**
   * A kernel for the problem, the same for all shapes of the node's inputs that give the same
   * problem. It is closed with the session.
   *
   * @param part tells the products of one node apart
   * @param weights what is constant; asked for only when there is no such kernel yet
   * @throws IllegalArgumentException if no kernel takes the problem, or the weights do not fit it
   */
  PreparedKernel prepare(int part, Problem problem, Supplier<Weights> weights);

  /**
   * A subgraph of the node made ready.
   *
   * @param inputs the types and shapes of the subgraph's inputs, all of them
   * @return null where it has to be left to the reference: the type or shape of an output does not
   *     follow
   */
  default @Nullable LoweredBody body(Graph body, List<TensorSpec> inputs) {
    return null;
  }

  /** How many inputs the node names. */
  default int inputCount() {
    return node().inputs().size();
  }

  /**
   * The type and shape of input {@code index}.
   *
   * @throws GraphException if it is omitted
   */
  default TensorSpec input(int index) {
    TensorSpec spec = inputOrNull(index);
    if (spec == null) {
      throw error("input " + index + " is missing");
    }
    return spec;
  }

  /**
   * The type and shape of output {@code index}.
   *
   * @throws GraphException if the node does not name it
   */
  default TensorSpec output(int index) {
    TensorSpec spec = outputOrNull(index);
    if (spec == null) {
      throw error("output " + index + " is missing");
    }
    return spec;
  }

  /** Whether input {@code index} is omitted or the same in every run. */
  default boolean isFixed(int index) {
    return inputOrNull(index) == null || constant(index) != null;
  }

  /** An error that blames the node. */
  default GraphException error(String message) {
    return new GraphException(node(), message);
  }
}
