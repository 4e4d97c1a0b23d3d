package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Whether each element is no number. */
final class IsNaN extends StandardOperator {
  IsNaN() {
    super("IsNaN", 9, 13, 20);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.tensor(DType.BOOL, context.dims(0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Tensor y = context.allocate(DType.BOOL, x.shape());
      for (long i = 0; i < x.size(); i++) {
        y.setLong(i, Double.isNaN(x.getDouble(i)) ? 1 : 0);
      }
      return List.of(y);
    });
  }
}
