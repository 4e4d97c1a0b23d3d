package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * A copy of a cache with an update written along the sequence axis, at an index for each element of
 * the batch; {@code circular} writes on from the start when the end is reached.
 */
final class TensorScatter extends StandardOperator {
  TensorScatter() {
    super("TensorScatter", 24);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor y = context.tensor(0).copy();
      Tensor update = context.tensor(1);
      Tensor indices = context.tensorOrNull(2);
      Shape shape = y.shape();
      int axis = Axes.normalize(context, context.node().intAttribute("axis", -2), shape.rank());
      boolean circular = context.node().stringAttribute("mode", "linear").equals("circular");
      long size = shape.dim(axis);
      long length = update.shape().dim(axis);
      if (axis == 0
          || update.shape().rank() != shape.rank()
          || !update.shape().with(axis, size).equals(shape)) {
        throw context.error("update " + update + " does not fit the cache " + y);
      }
      long inner = shape.size(axis + 1, shape.rank());
      long outer = shape.size(0, axis);
      long perBatch = shape.size(1, axis);
      for (long i = 0; i < outer; i++) {
        long start = indices == null ? 0 : indices.getLong(i / perBatch);
        for (long j = 0; j < length; j++) {
          long at = circular ? Math.floorMod(start + j, size) : start + j;
          if (at < 0 || at >= size) {
            throw context.error("write at " + at + " is outside the cache of " + size);
          }
          StridedCopy.run(update, (i * length + j) * inner, y, (i * size + at) * inner, inner);
        }
      }
      return List.of(y);
    });
  }
}
