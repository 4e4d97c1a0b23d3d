package io.compresso.op;

import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** A copy of the data with slices put, or combined, where index tuples say. */
final class ScatterND extends StandardOperator {
  ScatterND() {
    super("ScatterND", 11, 13, 16, 18);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor y = context.tensor(0).copy();
      Tensor indices = context.tensor(1);
      Tensor updates = context.tensor(2);
      if (updates.dtype() != y.dtype()) {
        throw context.error("updates " + updates + " are not of the type of " + y);
      }
      int rank = indices.shape().rank();
      int tuple = rank == 0 ? 0 : Math.toIntExact(indices.shape().dim(-1));
      if (rank == 0 || tuple > y.shape().rank()) {
        throw context.error("indices " + indices + " do not index " + y);
      }
      long slice = y.shape().size(tuple, y.shape().rank());
      long count = indices.shape().size(0, rank - 1);
      if (updates.size() != count * slice) {
        throw context.error("updates " + updates + " do not fit indices " + indices);
      }
      String reduction = context.node().stringAttribute("reduction", "none");
      for (long i = 0; i < count; i++) {
        long to = GatherND.offset(context, y.shape(), indices, i, 0, tuple);
        if (reduction.equals("none")) {
          StridedCopy.run(updates, i * slice, y, to, slice);
        } else {
          for (long j = 0; j < slice; j++) {
            Elements.combine(context, reduction, updates, i * slice + j, y, to + j);
          }
        }
      }
      return List.of(y);
    });
  }
}
