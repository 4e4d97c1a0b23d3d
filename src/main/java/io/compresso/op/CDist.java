package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The distances {@code [M, N]} between rows of {@code [M, K]} and rows of {@code [N, K]}. */
final class CDist extends MicrosoftOperator {
  @Override
  public String opType() {
    return "CDist";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> a = context.dims(0);
      List<Dim> b = context.dims(1);
      if (a != null && a.size() != 2 || b != null && b.size() != 2) {
        throw context.error("inputs %s and %s are not matrices".formatted(a, b));
      }
      if (a != null && b != null) {
        Dims.merge(context, a.get(1), b.get(1));
      }
      return List.of(
          Dims.tensor(
              context.dtype(0),
              List.of(
                  a == null ? Dim.UNKNOWN : a.getFirst(), b == null ? Dim.UNKNOWN : b.getFirst())));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Shape a = context.tensor(0).shape();
    Shape b = context.tensor(1).shape();
    if (a.rank() != 2 || b.rank() != 2 || a.dim(1) != b.dim(1)) {
      throw context.error("inputs %s and %s are no rows of one length".formatted(a, b));
    }
    boolean root =
        switch (context.node().stringAttribute("metric", "sqeuclidean")) {
          case "euclidean" -> true;
          case "sqeuclidean" -> false;
          case String other -> throw context.error("attribute 'metric' is '" + other + "'");
        };
    double[] left = Reals.doubles(context.tensor(0));
    double[] right = Reals.doubles(context.tensor(1));
    int k = Math.toIntExact(a.dim(1));
    Shape shape = Axes.shape(context, a.dim(0), b.dim(0));
    double[] y = new double[Math.toIntExact(shape.size())];
    int n = Math.toIntExact(b.dim(0));
    for (int i = 0; i < y.length; i++) {
      double sum = 0;
      for (int j = 0; j < k; j++) {
        double difference = left[i / n * k + j] - right[i % n * k + j];
        sum += difference * difference;
      }
      y[i] = root ? Math.sqrt(sum) : sum;
    }
    return Reals.tensor(context, context.tensor(0).dtype(), shape, y);
  }
}
