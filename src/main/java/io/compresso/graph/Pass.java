package io.compresso.graph;

/** One rewriting of a graph that keeps its meaning. */
public interface Pass {
  /** The changes to make, empty when there is nothing to do. */
  Patch patch(Model model);
}
