package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** A matrix of the input's shape with ones on a diagonal. */
final class EyeLike extends StandardOperator {
  EyeLike() {
    super("EyeLike", 9, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType dtype = ElementTypes.orNull(context.node(), "dtype");
      return List.of(Dims.tensor(dtype == null ? context.dtype(0) : dtype, context.dims(0)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      if (x.shape().rank() != 2) {
        throw context.error(x + " is no matrix");
      }
      Tensor y = context.allocate(ElementTypes.of(context.node(), "dtype", x.dtype()), x.shape());
      long k = context.node().intAttribute("k", 0);
      long columns = x.shape().dim(1);
      for (long row = Math.max(0, -k); row < x.shape().dim(0) && row + k < columns; row++) {
        y.setDouble(row * columns + row + k, 1);
      }
      return List.of(y);
    });
  }
}
