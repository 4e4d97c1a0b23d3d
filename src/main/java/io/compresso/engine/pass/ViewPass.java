package io.compresso.engine.pass;

import io.compresso.graph.Model;
import io.compresso.graph.Pass;
import io.compresso.graph.Patch;

/** A pass that looks at a graph through a {@link GraphView}, which passes share. */
interface ViewPass extends Pass {
  /** Whether the graph holds any node that the pass may change. */
  default boolean concerns(GraphView view) {
    return true;
  }

  /** The changes to make, empty when there is nothing to do. */
  Patch patch(GraphView view);

  @Override
  default Patch patch(Model model) {
    return patch(new GraphView(model));
  }
}
