package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Whether each element is infinite, of either sign or of one. */
final class IsInf extends StandardOperator {
  IsInf() {
    super("IsInf", 10, 20);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.tensor(DType.BOOL, context.dims(0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      boolean positive = context.node().intAttribute("detect_positive", 1) != 0;
      boolean negative = context.node().intAttribute("detect_negative", 1) != 0;
      Tensor x = context.tensor(0);
      Tensor y = context.allocate(DType.BOOL, x.shape());
      for (long i = 0; i < x.size(); i++) {
        double value = x.getDouble(i);
        boolean found =
            value == Double.POSITIVE_INFINITY && positive
                || value == Double.NEGATIVE_INFINITY && negative;
        y.setLong(i, found ? 1 : 0);
      }
      return List.of(y);
    });
  }
}
