package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** {@code (x - mean) / (standard deviation + 1e-9)} over the given axes. */
final class MeanVarianceNormalization extends StandardOperator {
  private static final double EPSILON = 1e-9;

  MeanVarianceNormalization() {
    super("MeanVarianceNormalization", 9, 13);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Shape shape = x.shape();
      int rank = shape.rank();
      int[] axes =
          Axes.normalize(context, context.node().intsAttribute("axes", new long[] {0, 2, 3}), rank);
      boolean[] reduced = new boolean[rank];
      for (int axis : axes) {
        reduced[axis] = true;
      }
      int[] order = new int[rank];
      int next = 0;
      long count = 1;
      for (int i = 0; i < rank; i++) {
        if (!reduced[i]) {
          order[next++] = i;
        }
      }
      for (int i = 0; i < rank; i++) {
        if (reduced[i]) {
          order[next++] = i;
          count *= shape.dim(i);
        }
      }
      Tensor rows = Transpose.permute(context, x, order);
      Tensor y = context.allocate(x.dtype(), rows.shape());
      double[] row = new double[Math.toIntExact(count)];
      for (long at = 0; at < x.size(); at += count) {
        Blocks.read(rows, at, row, 0, row.length);
        double mean = Arrays.stream(row).average().orElse(0);
        double squares = 0;
        for (double value : row) {
          squares += (value - mean) * (value - mean);
        }
        double deviation = Math.sqrt(squares / count) + EPSILON;
        for (int i = 0; i < row.length; i++) {
          row[i] = (row[i] - mean) / deviation;
        }
        Blocks.write(row, y, at, row.length);
      }
      int[] back = new int[rank];
      for (int i = 0; i < rank; i++) {
        back[order[i]] = i;
      }
      return List.of(Transpose.permute(context, y, back));
    });
  }
}
