package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * An ensemble of decision trees over samples {@code [N, F]}, to targets {@code [N, T]}. As in ONNX
 * Runtime, of several targets one that no leaf of a sample has weights for is 0, whatever its base
 * value.
 */
final class TreeEnsembleRegressor extends MlOperator {
  @Override
  public String opType() {
    return "TreeEnsembleRegressor";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 3, 5);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      long targets = Math.max(0, context.node().intAttribute("n_targets", 0));
      return List.of(
          Inferred.tensor(DType.FLOAT, List.of(MlAttributes.rows(context), Dim.of(targets))));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    long given = context.node().intAttribute("n_targets", 0);
    if (given < 1 || given > 1 << 24) {
      throw context.error("attribute 'n_targets' is " + given);
    }
    int targets = (int) given;
    DecisionTrees trees =
        context.prepared(() -> new DecisionTrees(context.node(), "target", targets));
    DecisionTrees.Aggregate aggregate = DecisionTrees.Aggregate.of(context.node());
    PostTransform transform = PostTransform.of(context.node());
    double[] base = MlAttributes.reals(context.node(), "base_values");
    if (base.length > 0) {
      MlAttributes.requireCount(context.node(), "base_values", base.length, targets);
    }
    int rows = MlAttributes.rows(context, x);
    int width = Math.toIntExact(x.shape().dim(-1));
    double[] values = Reals.doubles(x);
    double[] y = new double[Math.multiplyExact(rows, targets)];
    for (int row = 0; row < rows; row++) {
      double[] sample = Arrays.copyOfRange(values, row * width, (row + 1) * width);
      boolean[] reached = new boolean[targets];
      double[] scores = trees.scores(sample, aggregate, reached);
      for (int i = 0; i < base.length; i++) {
        scores[i] = reached[i] || targets == 1 ? scores[i] + base[i] : 0;
      }
      transform.apply(scores);
      System.arraycopy(scores, 0, y, row * targets, targets);
    }
    return Reals.tensor(context, DType.FLOAT, Shape.of(rows, targets), y);
  }
}
