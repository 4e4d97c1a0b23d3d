package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Reverses the first elements along the time axis, as many as each batch element's length. */
final class ReverseSequence extends StandardOperator {
  ReverseSequence() {
    super("ReverseSequence", 10, 28);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Tensor lengths = context.tensor(1);
      Shape shape = x.shape();
      long batchAxis = context.node().intAttribute("batch_axis", 1);
      long timeAxis = context.node().intAttribute("time_axis", 0);
      if (shape.rank() < 2 || batchAxis + timeAxis != 1 || batchAxis * timeAxis != 0) {
        throw context.error("batch axis " + batchAxis + " and time axis " + timeAxis);
      }
      long times = shape.dim((int) timeAxis);
      long batch = shape.dim((int) batchAxis);
      long inner = shape.size(2, shape.rank());
      long timeStride = timeAxis == 0 ? batch * inner : inner;
      long batchStride = timeAxis == 0 ? inner : times * inner;
      if (lengths.size() != batch) {
        throw context.error("lengths " + lengths + " for a batch of " + batch);
      }
      Tensor y = context.allocate(x.dtype(), shape);
      for (long b = 0; b < batch; b++) {
        long length = lengths.getLong(b);
        if (length < 0 || length > times) {
          throw context.error("length " + length + " is outside [0, " + times + "]");
        }
        for (long t = 0; t < times; t++) {
          long from = t < length ? length - 1 - t : t;
          StridedCopy.run(
              x, b * batchStride + from * timeStride, y, b * batchStride + t * timeStride, inner);
        }
      }
      return List.of(y);
    });
  }
}
