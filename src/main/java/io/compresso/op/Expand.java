package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.kernel.CopyProblem;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Broadcasts a tensor and a shape to each other. */
final class Expand extends StandardOperator {
  Expand() {
    super("Expand", 8, 13);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> target = Dims.elements(context, 1);
      List<Dim> dims = context.dims(0);
      if (target == null && dims != null) {
        Integer rank = Dims.length(context, 1);
        target = rank == null ? null : Dims.unknown(rank);
      }
      return List.of(Dims.tensor(context.dtype(0), Dims.broadcast(context, dims, target)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Shape shape = Axes.shape(context, context.tensor(1).toLongs());
      try {
        shape = x.shape().broadcast(shape);
      } catch (IllegalArgumentException e) {
        throw context.error(x + " does not expand to " + shape);
      }
      return List.of(expand(context, x, shape));
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec x = context.input(0);
    TensorSpec y = context.output(0);
    int bytes = Lowerings.elementBytes(x.dtype());
    if (x.shape().equals(y.shape())) {
      return Lowered.view();
    }
    if (bytes == 0) {
      return null;
    }
    int lead = y.shape().rank() - x.shape().rank();
    long[] from = x.shape().strides();
    long[] to = y.shape().strides();
    List<CopyProblem.Axis> axes = new ArrayList<>();
    for (int axis = 0; axis < to.length; axis++) {
      boolean repeated = axis < lead || x.shape().dim(axis - lead) == 1;
      axes.add(
          new CopyProblem.Axis(y.shape().dim(axis), repeated ? 0 : from[axis - lead], to[axis]));
    }
    return Lowerings.copy(context, CopyProblem.of(bytes, axes), 0);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }

  /** {@code x} repeated to {@code shape}, to which it must broadcast. */
  static Tensor expand(OpContext context, Tensor x, Shape shape) {
    if (x.shape().equals(shape)) {
      return x;
    }
    long[] own = x.shape().strides();
    long[] steps = new long[shape.rank()];
    int lead = shape.rank() - x.shape().rank();
    for (int axis = lead; axis < steps.length; axis++) {
      steps[axis] = x.shape().dim(axis - lead) == 1 ? 0 : own[axis - lead];
    }
    Tensor y = context.allocate(x.dtype(), shape);
    StridedCopy.box(x, 0, steps, y, 0, shape.strides(), shape.dims());
    return y;
  }
}
