package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * An ensemble of decision trees over samples {@code [N, F]}, to labels {@code [N]} and scores
 * {@code [N, classes]}. What ONNX leaves open is as in ONNX Runtime: of two classes the second is
 * chosen by its score's sign, or where only one class has weights and none is negative, from above
 * a half on; weights of one class alone are for the second, and the other's score follows. Where
 * both have weights, integer labels are 0 and 1. A class that no leaf of a sample has weights for
 * has the score 0, whatever its base value.
 */
final class TreeEnsembleClassifier extends MlOperator {
  @Override
  public String opType() {
    return "TreeEnsembleClassifier";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 3, 5);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      MlAttributes.Labels labels = MlAttributes.Labels.of(context.node(), "classlabels_int64s");
      return labels.outputs(context, Dim.of(labels.size()));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(TreeEnsembleClassifier::run);
  }

  private static List<Tensor> run(OpContext context) {
    Tensor x = context.tensor(0);
    MlAttributes.Labels labels = MlAttributes.Labels.of(context.node(), "classlabels_int64s");
    int classes = labels.size();
    DecisionTrees trees =
        context.prepared(() -> new DecisionTrees(context.node(), "class", classes));
    PostTransform transform = PostTransform.of(context.node());
    double[] base = MlAttributes.reals(context.node(), "base_values");
    if (base.length > classes) {
      throw context.error(
          "attribute 'base_values' has %d values for %d classes".formatted(base.length, classes));
    }
    int rows = MlAttributes.rows(context, x);
    int width = Math.toIntExact(x.shape().dim(-1));
    double[] values = Reals.doubles(x);
    double[] z = new double[Math.multiplyExact(rows, classes)];
    int[] best = new int[rows];
    for (int row = 0; row < rows; row++) {
      double[] sample = Arrays.copyOfRange(values, row * width, (row + 1) * width);
      boolean[] reached = new boolean[classes];
      double[] scores = trees.scores(sample, DecisionTrees.Aggregate.SUM, reached);
      if (classes == 2) {
        Binary binary = new Binary(trees, base, transform);
        best[row] = binary.finish(scores, reached);
      } else {
        best[row] = largest(scores, base, reached);
        transform.apply(scores);
      }
      System.arraycopy(scores, 0, z, row * classes, classes);
    }
    boolean numbered = classes == 2 && trees.onlyTarget() < 0 && labels.strings().isEmpty();
    MlAttributes.Labels given =
        numbered ? new MlAttributes.Labels(List.of(), new long[] {0, 1}) : labels;
    return given.outputs(context, best, z, classes);
  }

  /** What becomes of the scores of two classes. */
  private record Binary(DecisionTrees trees, double[] base, PostTransform transform) {
    /** The class; makes the scores those that the node gives. */
    int finish(double[] scores, boolean[] reached) {
      boolean second = reached[1];
      if (base.length == 2 && second) {
        scores[1] = base[1] + scores[0];
        scores[0] = -scores[1];
      } else {
        for (int i = 0; i < base.length; i++) {
          scores[i] += base[i];
        }
      }
      for (int i = 0; i < scores.length; i++) {
        scores[i] = reached[i] ? scores[i] : 0;
      }
      boolean single = trees.onlyTarget() >= 0;
      double score = second ? scores[1] : scores[0];
      int best = score > (single && !trees.hasNegativeWeights() ? 0.5 : 0) ? 1 : 0;
      if (second || base.length == 2) {
        transform.apply(scores);
      } else if (transform == PostTransform.PROBIT || base.length == 1 && !single) {
        double[] alone = {score};
        transform.apply(alone);
        scores[0] = alone[0];
        scores[1] = 0;
      } else {
        boolean signed = !single || trees.hasNegativeWeights();
        System.arraycopy(transform.two(score, signed), 0, scores, 0, 2);
      }
      return best;
    }
  }

  /** Adds the base values; the first class of the largest score. */
  private static int largest(double[] scores, double[] base, boolean[] reached) {
    int best = -1;
    for (int i = 0; i < scores.length; i++) {
      if (i < base.length) {
        scores[i] += base[i];
      }
      if ((reached[i] || i < base.length) && (best < 0 || scores[i] > scores[best])) {
        best = i;
      }
    }
    return Math.max(0, best);
  }
}
