package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The determinant of each square matrix, by elimination with row pivots. */
final class Det extends StandardOperator {
  Det() {
    super("Det", 11, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      return List.of(
          Dims.tensor(
              context.dtype(0),
              dims == null || dims.size() < 2 ? null : dims.subList(0, dims.size() - 2)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      int n = order(context, x);
      long[] dims = Arrays.copyOf(x.shape().dims(), x.shape().rank() - 2);
      Tensor y = context.allocate(x.dtype(), Axes.shape(context, dims));
      for (long i = 0; i < y.size(); i++) {
        double[][] matrix = new double[n][n];
        for (int row = 0; row < n; row++) {
          Blocks.read(x, (i * n + row) * n, matrix[row], 0, n);
        }
        y.setDouble(i, determinant(matrix));
      }
      return List.of(y);
    });
  }

  /** The rows of the square matrices that a tensor consists of. */
  static int order(OpContext context, Tensor x) {
    if (x.shape().rank() < 2 || x.shape().dim(-1) != x.shape().dim(-2)) {
      throw context.error(x + " holds no square matrices");
    }
    return Math.toIntExact(x.shape().dim(-1));
  }

  private static double determinant(double[][] matrix) {
    double result = 1;
    for (int k = 0; k < matrix.length; k++) {
      int pivot = k;
      for (int row = k + 1; row < matrix.length; row++) {
        pivot = Math.abs(matrix[row][k]) > Math.abs(matrix[pivot][k]) ? row : pivot;
      }
      if (matrix[pivot][k] == 0) {
        return 0;
      }
      if (pivot != k) {
        double[] swap = matrix[pivot];
        matrix[pivot] = matrix[k];
        matrix[k] = swap;
        result = -result;
      }
      result *= matrix[k][k];
      for (int row = k + 1; row < matrix.length; row++) {
        double factor = matrix[row][k] / matrix[k][k];
        for (int column = k; column < matrix.length; column++) {
          matrix[row][column] -= factor * matrix[k][column];
        }
      }
    }
    return result;
  }
}
