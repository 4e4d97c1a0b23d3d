package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Support vector classification of samples {@code [N, C]} to labels {@code [N]} and scores: of each
 * class if there are probabilities or no support vectors, else of each pair of classes. Pairs are
 * coupled to probabilities as by Wu, Lin and Weng, "Probability estimates for multi-class
 * classification by pairwise coupling", 2004.
 */
final class SVMClassifier extends MlOperator {
  @Override
  public String opType() {
    return "SVMClassifier";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      MlAttributes.Labels labels = MlAttributes.Labels.of(context.node(), "classlabels_ints");
      return labels.outputs(context, Dim.UNKNOWN);
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(SVMClassifier::run);
  }

  private static List<Tensor> run(OpContext context) {
    Tensor x = context.tensor(0);
    MlAttributes.Labels labels = MlAttributes.Labels.of(context.node(), "classlabels_ints");
    Machine machine = context.prepared(() -> Machine.of(context, labels.size()));
    PostTransform transform = PostTransform.of(context.node());
    int rows = MlAttributes.rows(context, x);
    int width = machine.vectors().width();
    if (x.shape().dim(-1) != width) {
      throw context.error("input " + x.shape() + " for vectors of " + width);
    }
    double[] values = Reals.doubles(x);
    int[] best = new int[rows];
    int columns = machine.columns();
    double[] z = new double[Math.multiplyExact(rows, columns)];
    for (int row = 0; row < rows; row++) {
      double[] alike = machine.vectors().compare(values, row * width);
      double[] scores;
      if (machine.starts() == null) {
        scores = alike;
        for (int i = 0; i < scores.length; i++) {
          scores[i] += machine.rho()[0];
        }
        best[row] = machine.bestOfLinear(scores);
      } else {
        double[] pairs = machine.pairs(alike, machine.starts());
        best[row] = machine.bestOfPairs(pairs);
        scores = machine.probabilities() ? machine.couple(pairs) : pairs;
      }
      if (scores.length == 1 && columns == 2) {
        scores = transform.two(scores[0], transform == PostTransform.NONE);
      } else {
        transform.apply(scores);
      }
      System.arraycopy(scores, 0, z, row * columns, columns);
    }
    return labels.outputs(context, best, z, columns);
  }

  /**
   * The decision functions.
   *
   * @param starts where each class's support vectors begin, and their number; null without any
   * @param a slope of each pair's probability, empty without
   * @param b offset of each pair's probability
   */
  private record Machine(
      SupportVectors vectors,
      int classes,
      int @Nullable [] starts,
      double[] coefficients,
      double[] rho,
      double[] a,
      double[] b) {
    static Machine of(OpContext context, int classes) {
      long[] counts = context.node().intsAttribute("vectors_per_class", new long[0]);
      int[] starts = new int[classes + 1];
      double[] coefficients = MlAttributes.reals(context.node(), "coefficients");
      double[] rho = MlAttributes.reals(context.node(), "rho");
      double[] a = MlAttributes.reals(context.node(), "prob_a");
      double[] b = MlAttributes.reals(context.node(), "prob_b");
      if (classes > 1 << 12) {
        throw context.error(classes + " classes are too many");
      }
      int pairs = classes * (classes - 1) / 2;
      if (counts.length == 0) {
        if (rho.length < 1) {
          throw context.error("attribute 'rho' is missing");
        }
        return new Machine(
            SupportVectors.of(context.node(), 0, classes),
            classes,
            null,
            coefficients,
            rho,
            new double[0],
            new double[0]);
      }
      MlAttributes.requireCount(context.node(), "vectors_per_class", counts.length, classes);
      for (int i = 0; i < classes; i++) {
        if (counts[i] < 0 || counts[i] > 1 << 24) {
          throw context.error("attribute 'vectors_per_class' holds " + counts[i]);
        }
        starts[i + 1] = Math.addExact(starts[i], (int) counts[i]);
      }
      int total = starts[classes];
      if (total == 0 || classes < 2) {
        throw context.error("attribute 'vectors_per_class' gives no vectors for 2 classes");
      }
      MlAttributes.requireCount(
          context.node(),
          "coefficients",
          coefficients.length,
          Math.multiplyExact(classes - 1, total));
      MlAttributes.requireCount(context.node(), "rho", rho.length, pairs);
      if (a.length > 0 || b.length > 0) {
        MlAttributes.requireCount(context.node(), "prob_a", a.length, pairs);
        MlAttributes.requireCount(context.node(), "prob_b", b.length, pairs);
      }
      return new Machine(
          SupportVectors.of(context.node(), total, 1), classes, starts, coefficients, rho, a, b);
    }

    boolean probabilities() {
      return a.length > 0;
    }

    int columns() {
      return starts == null || probabilities() || classes == 2
          ? classes
          : classes * (classes - 1) / 2;
    }

    /** The scores of class against class, in the order 0:1, 0:2, ..., 1:2, ... */
    double[] pairs(double[] alike, int[] from) {
      double[] scores = new double[rho.length];
      int total = from[classes];
      int pair = 0;
      for (int i = 0; i < classes; i++) {
        for (int j = i + 1; j < classes; j++) {
          double sum = rho[pair];
          for (int m = from[i]; m < from[i + 1]; m++) {
            sum += coefficients[(j - 1) * total + m] * alike[m];
          }
          for (int m = from[j]; m < from[j + 1]; m++) {
            sum += coefficients[i * total + m] * alike[m];
          }
          scores[pair++] = sum;
        }
      }
      return scores;
    }

    private boolean signed() {
      return Arrays.stream(coefficients).anyMatch(value -> value < 0);
    }

    int bestOfLinear(double[] scores) {
      int best = 0;
      for (int i = 1; i < scores.length; i++) {
        best = scores[i] > scores[best] ? i : best;
      }
      if (classes == 2 && scores[best] >= (signed() ? Double.MIN_VALUE : 0.5)) {
        return 1;
      }
      return best;
    }

    /** The class with the most pairs won. */
    int bestOfPairs(double[] pairs) {
      int[] votes = new int[classes];
      int pair = 0;
      for (int i = 0; i < classes; i++) {
        for (int j = i + 1; j < classes; j++) {
          votes[pairs[pair++] > 0 ? i : j]++;
        }
      }
      int best = 0;
      for (int i = 1; i < classes; i++) {
        best = votes[i] > votes[best] ? i : best;
      }
      return best;
    }

    /** The probabilities of the classes from those of the pairs. */
    double[] couple(double[] pairs) {
      double[][] r = new double[classes][classes];
      int pair = 0;
      for (int i = 0; i < classes; i++) {
        for (int j = i + 1; j < classes; j++, pair++) {
          double p = 1 - PostTransform.logistic(pairs[pair] * a[pair] + b[pair]);
          r[i][j] = Math.clamp(p, 1e-7, 1 - 1e-7);
          r[j][i] = 1 - r[i][j];
        }
      }
      double[][] q = new double[classes][classes];
      for (int i = 0; i < classes; i++) {
        for (int j = 0; j < classes; j++) {
          if (j != i) {
            q[i][i] += r[j][i] * r[j][i];
            q[i][j] = -r[j][i] * r[i][j];
          }
        }
      }
      return solve(q);
    }

    private double[] solve(double[][] q) {
      double[] p = new double[classes];
      Arrays.fill(p, 1.0 / classes);
      double[] qp = new double[classes];
      for (int round = 0; round < 100; round++) {
        double pqp = 0;
        for (int i = 0; i < classes; i++) {
          qp[i] = 0;
          for (int j = 0; j < classes; j++) {
            qp[i] += q[i][j] * p[j];
          }
          pqp += p[i] * qp[i];
        }
        double error = 0;
        for (double value : qp) {
          error = Math.max(error, Math.abs(value - pqp));
        }
        if (error < 0.005 / classes) {
          break;
        }
        for (int i = 0; i < classes; i++) {
          double step = (pqp - qp[i]) / q[i][i];
          p[i] += step;
          pqp = (pqp + step * (step * q[i][i] + 2 * qp[i])) / (1 + step) / (1 + step);
          for (int j = 0; j < classes; j++) {
            qp[j] = (qp[j] + step * q[i][j]) / (1 + step);
            p[j] /= 1 + step;
          }
        }
      }
      return p;
    }
  }
}
