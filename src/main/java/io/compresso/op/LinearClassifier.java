package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Linear classification of samples {@code [N, C]} to labels {@code [N]} and scores {@code [N,
 * classes]}; one row of coefficients tells two classes apart by its sign.
 */
final class LinearClassifier extends MlOperator {
  @Override
  public String opType() {
    return "LinearClassifier";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      MlAttributes.Labels labels = MlAttributes.Labels.of(context.node(), "classlabels_ints");
      return labels.outputs(context, Dim.of(labels.size()));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(LinearClassifier::run);
  }

  private static List<Tensor> run(OpContext context) {
    Tensor x = context.tensor(0);
    MlAttributes.Labels labels = MlAttributes.Labels.of(context.node(), "classlabels_ints");
    double[] weights = MlAttributes.reals(context.node(), "coefficients");
    double[] biases = MlAttributes.reals(context.node(), "intercepts");
    PostTransform transform = PostTransform.of(context.node());
    int rows = MlAttributes.rows(context, x);
    int width = Math.toIntExact(x.shape().dim(-1));
    int targets = width == 0 ? 0 : weights.length / width;
    boolean two = targets == 1 && labels.size() == 2;
    if (targets < 1 || weights.length % width != 0 || !two && targets != labels.size()) {
      throw context.error(
          "attribute 'coefficients' has %d values for %d features and %d classes"
              .formatted(weights.length, width, labels.size()));
    }
    if (biases.length > 0) {
      MlAttributes.requireCount(context.node(), "intercepts", biases.length, targets);
    }
    double[] values = Reals.doubles(x);
    int[] best = new int[rows];
    double[] z = new double[Math.multiplyExact(rows, labels.size())];
    for (int row = 0; row < rows; row++) {
      double[] scores = new double[targets];
      for (int t = 0; t < targets; t++) {
        scores[t] = biases.length == 0 ? 0 : biases[t];
        for (int i = 0; i < width; i++) {
          scores[t] += (float) values[row * width + i] * weights[t * width + i];
        }
        best[row] = scores[t] > scores[best[row]] ? t : best[row];
      }
      if (two) {
        best[row] = scores[0] > 0 ? 1 : 0;
        scores = transform.two(scores[0], false);
      } else {
        transform.apply(scores);
      }
      System.arraycopy(scores, 0, z, row * scores.length, scores.length);
    }
    return labels.outputs(context, best, z, labels.size());
  }
}
