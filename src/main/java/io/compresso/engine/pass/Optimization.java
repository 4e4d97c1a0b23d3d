package io.compresso.engine.pass;

import io.compresso.engine.FoldConstants;
import io.compresso.engine.InlineFunctions;
import io.compresso.engine.RemoveDeadNodes;
import io.compresso.engine.RemoveIdentity;
import io.compresso.graph.Pass;
import java.util.List;

/** The passes that compile a graph, in the order in which they are applied. */
public final class Optimization {
  private Optimization() {}

  /** All passes, in order. */
  public static List<Pass> passes(LayoutChoice layout) {
    return List.of(
        new InlineFunctions(),
        new RemoveDeadNodes(),
        FoldConstants.ofQuantized(),
        new FoldShapes(),
        FoldConstants.ofQuantized(),
        new RemoveNoOperations(),
        new MergeTransposes(),
        new RemoveIdentity(),
        new EliminateDuplicates(),
        new FoldBatchNormalization(),
        new FoldChannelArithmetic(),
        new ExpandQOperators(),
        new MoveDequantization(),
        new MoveQuantization(),
        new LowerProducts(),
        new LowerAdditions(),
        new LowerPools(),
        new LowerFunctions(),
        new CompileConvolutions(),
        new CompileProducts(),
        new FuseBias(),
        new FuseResiduals(),
        new FuseActivations(),
        new CompilePools(),
        new RemoveDeadNodes(),
        new ChooseLayout(layout),
        new MergeTransposes(),
        new RemoveIdentity(),
        new RemoveDeadNodes());
  }
}
