package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A node and what is known of its inputs, for a {@link ShapeRule}. */
public interface ShapeContext {
  Node node();

  /** The version of the node's operator set. */
  int opset();

  /** What is known of input {@code index}; {@link Inferred#UNKNOWN} when it is omitted. */
  Inferred input(int index);

  /** The value of input {@code index} when it is a constant, else null. */
  @Nullable Tensor constant(int index);

  /** What is known of the outputs of a subgraph, given its inputs'. */
  List<Inferred> infer(Graph body, List<Inferred> inputs);

  /** The element type of tensor input {@code index}, null when it is not known. */
  default @Nullable DType dtype(int index) {
    return input(index).type() instanceof TensorType(DType dtype, var _) ? dtype : null;
  }

  /** The dimensions of tensor input {@code index}, null when not even the rank is known. */
  default @Nullable List<Dim> dims(int index) {
    return input(index).type() instanceof TensorType(DType _, var dims) ? dims : null;
  }

  default GraphException error(String message) {
    return new GraphException(node(), message);
  }
}
