package io.compresso.op;

import java.util.List;

/** Finds what is known of an operator's outputs before it runs. */
@FunctionalInterface
public interface ShapeRule {
  /**
   * What is known of each output that the node names; {@link Inferred#UNKNOWN} where nothing is.
   *
   * @throws io.compresso.graph.GraphException if the inputs are not what the operator takes
   */
  List<Inferred> infer(ShapeContext context);
}
