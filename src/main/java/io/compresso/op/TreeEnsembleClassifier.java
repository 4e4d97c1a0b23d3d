package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * An ensemble of decision trees over samples {@code [N, F]}, to labels {@code [N]} and scores
 * {@code [N, classes]}. Of two classes the second is chosen by its score's sign, or where only one
 * has weights and none is negative, from a half on; weights of the first alone are for the second,
 * and the other's score follows. Base values are added as ONNX Runtime does.
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
    boolean single = classes == 2 && trees.onlyTarget() >= 0;
    for (int row = 0; row < rows; row++) {
      double[] sample = Arrays.copyOfRange(values, row * width, (row + 1) * width);
      boolean[] reached = new boolean[classes];
      double[] scores = trees.scores(sample, DecisionTrees.Aggregate.SUM, reached);
      if (classes == 2) {
        boolean second = reached[1];
        addOfTwo(scores, base, second);
        double score = second ? scores[1] : scores[0];
        best[row] = score > (single && !trees.hasNegativeWeights() ? 0.5 : 0) ? 1 : 0;
        if (second || base.length == 2) {
          if (transform == PostTransform.NONE) {
            scores[0] = reached[0] ? scores[0] : 0;
            scores[1] = second ? scores[1] : 0;
          }
          transform.apply(scores);
        } else {
          scores = two(score, trees.hasNegativeWeights(), transform);
        }
      } else {
        best[row] = largest(scores, base, reached);
        transform.apply(scores);
      }
      System.arraycopy(scores, 0, z, row * classes, classes);
    }
    return labels.outputs(context, best, z, classes);
  }

  /** Adds the base values of two classes, of which the second may have no weights of its own. */
  private static void addOfTwo(double[] scores, double[] base, boolean second) {
    if (base.length == 2 && second) {
      scores[1] = base[1] + scores[0];
      scores[0] = -scores[1];
      return;
    }
    for (int i = 0; i < base.length; i++) {
      scores[i] += base[i];
    }
  }

  /** The scores of both classes from that of the second. */
  private static double[] two(double score, boolean signed, PostTransform transform) {
    if (transform == PostTransform.LOGISTIC) {
      return new double[] {PostTransform.logistic(-score), PostTransform.logistic(score)};
    }
    return new double[] {signed ? -score : 1 - score, score};
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
