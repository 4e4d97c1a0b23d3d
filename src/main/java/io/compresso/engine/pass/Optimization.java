package io.compresso.engine.pass;

import io.compresso.engine.FoldConstants;
import io.compresso.engine.InlineFunctions;
import io.compresso.engine.RemoveDeadNodes;
import io.compresso.engine.RemoveIdentity;
import io.compresso.graph.GraphException;
import io.compresso.graph.GraphVerifier;
import io.compresso.graph.Model;
import io.compresso.graph.Pass;
import io.compresso.graph.Patch;
import java.util.List;

/** The passes that compile a graph, in the order in which they are applied. */
public final class Optimization {
  private static final int MOST_ROUNDS = 1000;

  /** Whether the graph is verified after each change, or after all. */
  private static final boolean VERIFIES_EACH = Optimization.class.desiredAssertionStatus();

  /** How deep branches are inlined that lie in each other, or depend on each other. */
  private static final int MOST_NESTED = 64;

  /** What makes constants of all that does not depend on a run. */
  private static final List<Pass> KNOWN =
      List.of(
          new InlineFunctions(),
          new RemoveDeadNodes(),
          FoldConstants.ofQuantized(),
          new RemoveIdentity(),
          new FoldShapes(),
          FoldConstants.ofQuantized());

  private static final List<Pass> INLINED = List.of(new InlineBranches());

  /** What follows when there is no more to inline. */
  private static final List<Pass> FUSED =
      List.of(
          new ExpandFusedOperators(),
          new RemoveNoOperations(),
          new MergeTransposes(),
          new RemoveIdentity(),
          new EliminateDuplicates(),
          new FuseNormalizations(),
          new FuseFunctions(),
          new FoldBatchNormalization(),
          new FoldChannelArithmetic(),
          new FuseChannelShuffles(),
          new ExpandTransposedConvolutions(),
          new ExpandQOperators(),
          new MoveDequantization(),
          new MoveQuantization(),
          new LowerProducts(),
          new LowerDynamicProducts(),
          new LowerBlockProducts(),
          new LowerBlockLookups(),
          new WidenRecurrent(),
          new LowerRecurrent(),
          new LowerAdditions(),
          new LowerPools(),
          new LowerFunctions(),
          new RemoveDeadNodes(),
          FoldConstants.ofSmall(),
          new CompileConvolutions(),
          new CompileProducts(),
          new FuseBias(),
          new FoldScales(),
          new FuseAttention(),
          new FuseResiduals(),
          new FuseActivations(),
          new CompilePools(),
          new RemoveDeadNodes());

  /** What tidies up after the choice of layouts. */
  private static final List<Pass> LAID =
      List.of(new MergeTransposes(), new RemoveIdentity(), new RemoveDeadNodes());

  private Optimization() {}

  /**
   * The model after all passes. A pass that a node of the model stops is left out: what is wrong
   * with the node is the run's to say, should the run come to it. The graph is verified at the end,
   * and where assertions are enabled after each change.
   *
   * @param model a verified model
   */
  public static Model apply(Model model, LayoutChoice layout) {
    GraphView view = apply(new GraphView(model), KNOWN);
    for (int depth = 0; depth < MOST_NESTED; depth++) {
      GraphView inlined = apply(view, INLINED);
      if (inlined == view) {
        break;
      }
      view = apply(inlined, KNOWN);
    }
    view = apply(view, FUSED);
    view = apply(view, List.of(new ChooseLayout(layout)));
    view = apply(view, LAID);
    Model result = CompileBodies.apply(view, layout);
    requireIntact(result, "the compilation");
    return result;
  }

  private static void requireIntact(Model model, String change) {
    try {
      GraphVerifier.verify(model);
    } catch (GraphException e) {
      throw new IllegalStateException(change + " broke the graph: " + e.getMessage(), e);
    }
  }

  private static GraphView apply(GraphView view, List<Pass> passes) {
    GraphView result = view;
    for (Pass pass : passes) {
      try {
        result = apply(result, pass);
      } catch (GraphException _) {
        continue;
      }
    }
    return result;
  }

  private static GraphView apply(GraphView view, Pass pass) {
    GraphView result = view;
    for (int round = 0; round < MOST_ROUNDS; round++) {
      if (pass instanceof ViewPass own && !own.concerns(result)) {
        return result;
      }
      Patch patch = pass instanceof ViewPass own ? own.patch(result) : pass.patch(result.model());
      if (patch.isEmpty()) {
        return result;
      }
      Model changed = patch.apply(result.model());
      if (VERIFIES_EACH) {
        requireIntact(changed, "pass " + pass.getClass().getSimpleName());
      }
      result = new GraphView(changed, result);
    }
    throw new IllegalStateException(
        "pass " + pass.getClass().getSimpleName() + " finds no end in " + MOST_ROUNDS + " rounds");
  }
}
