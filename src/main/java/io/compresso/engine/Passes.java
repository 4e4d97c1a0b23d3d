package io.compresso.engine;

import io.compresso.graph.GraphException;
import io.compresso.graph.GraphVerifier;
import io.compresso.graph.Model;
import io.compresso.graph.Pass;
import io.compresso.graph.Patch;
import java.util.List;

/** Applies passes; the model is verified before and after each. */
public final class Passes {
  private static final int MOST_ROUNDS = 1000;

  private Passes() {}

  /**
   * Applies each pass in turn until it has nothing more to do.
   *
   * @throws GraphException if the model is wrong, or a pass made it wrong or finds no end
   */
  public static Model apply(Model model, List<? extends Pass> passes) {
    GraphVerifier.verify(model);
    Model result = model;
    for (Pass pass : passes) {
      result = apply(result, pass);
    }
    return result;
  }

  /** Applies one pass to a verified model until it has nothing more to do. */
  private static Model apply(Model model, Pass pass) {
    Model result = model;
    for (int round = 0; round < MOST_ROUNDS; round++) {
      Patch patch = pass.patch(result);
      if (patch.isEmpty()) {
        return result;
      }
      result = patch.apply(result);
      try {
        GraphVerifier.verify(result);
      } catch (GraphException e) {
        throw new IllegalStateException(
            "pass " + pass.getClass().getSimpleName() + " broke the graph: " + e.getMessage(), e);
      }
    }
    throw new IllegalStateException(
        "pass " + pass.getClass().getSimpleName() + " finds no end in " + MOST_ROUNDS + " rounds");
  }
}
