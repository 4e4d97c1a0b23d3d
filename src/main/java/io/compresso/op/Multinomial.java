package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Classes drawn by the unnormalized log probabilities of each row; the same in each run. */
final class Multinomial extends StandardOperator {
  Multinomial() {
    super("Multinomial", 7, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      return List.of(
          Inferred.tensor(
              ElementTypes.of(context.node(), "dtype", DType.INT32),
              List.of(
                  dims == null ? Dim.UNKNOWN : dims.getFirst(),
                  Dim.of(context.node().intAttribute("sample_size", 1)))));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      long samples = context.node().intAttribute("sample_size", 1);
      if (x.shape().rank() != 2 || x.shape().dim(1) == 0 || samples < 0) {
        throw context.error(samples + " samples of " + x);
      }
      int classes = Math.toIntExact(x.shape().dim(1));
      Tensor y =
          context.allocate(
              ElementTypes.of(context.node(), "dtype", DType.INT32),
              Shape.of(x.shape().dim(0), samples));
      RandomGenerator random = RandomSource.of(context);
      double[] row = new double[classes];
      for (long i = 0; i < x.shape().dim(0); i++) {
        Blocks.read(x, i * classes, row, 0, classes);
        double max = Double.NEGATIVE_INFINITY;
        for (double value : row) {
          max = Math.max(max, value);
        }
        double sum = 0;
        for (int j = 0; j < classes; j++) {
          sum += Math.exp(row[j] - max);
          row[j] = sum;
        }
        for (long j = 0; j < samples; j++) {
          double draw = random.nextDouble() * sum;
          int chosen = 0;
          while (chosen < classes - 1 && row[chosen] <= draw) {
            chosen++;
          }
          y.setLong(i * samples + j, chosen);
        }
      }
      return List.of(y);
    });
  }
}
