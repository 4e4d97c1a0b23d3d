package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * The inverse of each square matrix, by elimination with row pivots. Of a singular matrix it is not
 * finite.
 */
final class Inverse extends MicrosoftOperator {
  @Override
  public String opType() {
    return "Inverse";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (dims != null && dims.size() < 2) {
        throw context.error("input of rank " + dims.size() + " holds no matrices");
      }
      if (dims != null) {
        Dims.merge(context, dims.getLast(), dims.get(dims.size() - 2));
      }
      return List.of(Inferred.of(context.input(0).type()));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      int n = Det.order(context, x);
      double[] values = Reals.doubles(x);
      for (int at = 0; at < values.length; at += n * n) {
        invert(values, at, n);
      }
      return List.of(Reals.tensor(context, x.dtype(), x.shape(), values));
    });
  }

  /** In place, by exchanging rows and undoing that on the columns of the result. */
  private static void invert(double[] a, int at, int n) {
    int[] pivots = new int[n];
    for (int k = 0; k < n; k++) {
      int pivot = k;
      for (int row = k + 1; row < n; row++) {
        pivot = Math.abs(a[at + row * n + k]) > Math.abs(a[at + pivot * n + k]) ? row : pivot;
      }
      pivots[k] = pivot;
      for (int column = 0; column < n; column++) {
        swap(a, at + pivot * n + column, at + k * n + column);
      }
      double inverse = 1 / a[at + k * n + k];
      a[at + k * n + k] = 1;
      for (int column = 0; column < n; column++) {
        a[at + k * n + column] *= inverse;
      }
      for (int row = 0; row < n; row++) {
        if (row == k) {
          continue;
        }
        double factor = a[at + row * n + k];
        a[at + row * n + k] = 0;
        for (int column = 0; column < n; column++) {
          a[at + row * n + column] -= factor * a[at + k * n + column];
        }
      }
    }
    for (int k = n - 1; k >= 0; k--) {
      for (int row = 0; row < n; row++) {
        swap(a, at + row * n + k, at + row * n + pivots[k]);
      }
    }
  }

  private static void swap(double[] a, int i, int j) {
    double value = a[i];
    a[i] = a[j];
    a[j] = value;
  }
}
