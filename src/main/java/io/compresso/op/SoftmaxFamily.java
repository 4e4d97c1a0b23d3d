package io.compresso.op;

import io.compresso.kernel.SoftmaxProblem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An operator that normalizes lines along one axis; before opset 13, rows of the matrix that the
 * axis splits the tensor into.
 */
abstract class SoftmaxFamily extends StandardOperator {
  SoftmaxFamily(String opType, int... versions) {
    super(opType, versions);
  }

  /** Normalizes a line in place. */
  abstract void line(float[] x);

  /** Normalizes a line in place. */
  abstract void line(double[] x);

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(normalize(context)));
  }

  /** Whether the logarithm is taken; null for a function that no kernel has. */
  @Nullable Boolean isLogarithm() {
    return null;
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    Boolean log = isLogarithm();
    TensorSpec x = context.input(0);
    Shape shape = x.shape();
    int rank = shape.rank();
    boolean matrix = context.opset() < 13;
    long given = context.node().intAttribute("axis", matrix ? 1 : -1);
    if (log == null || !x.dtype().isFloat() || rank == 0 || given == rank || shape.size() == 0) {
      return null;
    }
    int axis = shape.normalizeAxis(given);
    long length = matrix ? shape.size(axis, rank) : shape.dim(axis);
    long inner = matrix ? 1 : shape.size(axis + 1, rank);
    return Lowerings.inPlace(
        context,
        new SoftmaxProblem(
            x.dtype(), shape.size(0, axis), Math.toIntExact(length), Math.toIntExact(inner), log),
        Weights.NONE);
  }

  private Tensor normalize(OpContext context) {
    Tensor x = context.tensor(0);
    Shape shape = x.shape();
    boolean matrix = context.opset() < 13;
    long given = context.node().intAttribute("axis", matrix ? 1 : -1);
    int rank = shape.rank();
    if (!x.dtype().isFloat()) {
      throw context.error("input type " + x.dtype() + " is not a float type");
    }
    if (matrix && given == rank || rank == 0) {
      return rows(context, x, 1);
    }
    int axis = Axes.normalize(context, given, rank);
    if (matrix || shape.size(axis + 1, rank) == 1) {
      return rows(context, x, shape.size(axis, rank));
    }
    int[] order = new int[rank];
    for (int i = 0; i < rank; i++) {
      order[i] = i;
    }
    order[axis] = rank - 1;
    order[rank - 1] = axis;
    return Transpose.permute(
        context, rows(context, Transpose.permute(context, x, order), shape.dim(axis)), order);
  }

  private Tensor rows(OpContext context, Tensor x, long columns) {
    Tensor y = context.allocate(x.dtype(), x.shape());
    if (x.size() == 0) {
      return y;
    }
    int length = Math.toIntExact(columns);
    if (x.dtype() == DType.DOUBLE) {
      double[] line = new double[length];
      for (long at = 0; at < x.size(); at += length) {
        Blocks.read(x, at, line, 0, length);
        line(line);
        Blocks.write(line, y, at, length);
      }
    } else {
      float[] line = new float[length];
      for (long at = 0; at < x.size(); at += length) {
        Blocks.read(x, at, line, 0, length);
        line(line);
        Blocks.write(line, y, at, length);
      }
    }
    return y;
  }
}
