package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The sampling grid {@code [N, (D,) H, W, 2 or 3]} of affine transformations of the unit image. */
final class AffineGrid implements Operator {
  @Override
  public String opType() {
    return "AffineGrid";
  }

  @Override
  public List<Integer> versions() {
    return List.of(20);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType dtype = context.dtype(0);
      List<Dim> size = Dims.elements(context, 1);
      if (dtype == null) {
        return List.of(Inferred.UNKNOWN);
      }
      if (size == null || size.size() < 2) {
        return List.of(Inferred.tensor(dtype, null));
      }
      List<Dim> dims = new ArrayList<>(size);
      dims.remove(1);
      dims.add(Dim.of(size.size() - 2));
      return List.of(Inferred.tensor(dtype, dims));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor theta = context.tensor(0);
    long[] size = context.tensor(1).toLongs();
    int axes = size.length - 2;
    if ((axes != 2 && axes != 3) || !theta.shape().equals(Shape.of(size[0], axes, axes + 1))) {
      throw context.error(
          "theta %s for a size of %d dimensions".formatted(theta.shape(), size.length));
    }
    boolean corners = context.node().intAttribute("align_corners", 0) != 0;
    long[] dims = new long[axes + 2];
    dims[0] = size[0];
    System.arraycopy(size, 2, dims, 1, axes);
    dims[axes + 1] = axes;
    Shape shape = Shape.of(dims);
    double[] matrix = Reals.doubles(theta);
    double[] grid = new double[Math.toIntExact(shape.size())];
    double[] point = new double[axes + 1];
    point[axes] = 1;
    int points = axes == 0 || size[0] == 0 ? 0 : Math.toIntExact(shape.size(1, axes + 1));
    for (int n = 0; n < size[0]; n++) {
      for (int i = 0; i < points; i++) {
        long rest = i;
        for (int axis = axes - 1; axis >= 0; axis--) {
          long length = size[axis + 2];
          point[axes - 1 - axis] = coordinate(rest % length, length, corners);
          rest /= length;
        }
        for (int row = 0; row < axes; row++) {
          double sum = 0;
          for (int column = 0; column <= axes; column++) {
            sum += matrix[(n * axes + row) * (axes + 1) + column] * point[column];
          }
          grid[(n * points + i) * axes + row] = sum;
        }
      }
    }
    return Reals.tensor(context, theta.dtype(), shape, grid);
  }

  private static double coordinate(long index, long length, boolean corners) {
    if (corners) {
      return length == 1 ? -1 : -1 + 2.0 * index / (length - 1);
    }
    return (2.0 * index + 1) / length - 1;
  }
}
