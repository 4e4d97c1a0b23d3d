package io.compresso.op;

import io.compresso.tensor.Value;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Computes an operator's outputs. Must not change its inputs; may return them or views of them. */
@FunctionalInterface
public interface Reference {
  /**
   * The outputs, as many as the node names; null for one that is omitted.
   *
   * @throws io.compresso.graph.GraphException if the inputs are not what the operator takes
   */
  List<? extends @Nullable Value> run(OpContext context);
}
