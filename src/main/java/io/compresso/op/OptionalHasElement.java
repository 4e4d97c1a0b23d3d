package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.OptionalValue;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.List;
import java.util.Optional;

/** Whether there is an input and, if it is an optional, whether it holds something. */
final class OptionalHasElement extends StandardOperator {
  OptionalHasElement() {
    super("OptionalHasElement", 15, 18, 28);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.tensor(DType.BOOL, List.of()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Value value = context.input(0);
      boolean has =
          value instanceof OptionalValue optional ? optional.value() != null : value != null;
      return List.of(Tensor.ofBytes(DType.BOOL, Shape.SCALAR, (byte) (has ? 1 : 0)));
    });
  }
}
