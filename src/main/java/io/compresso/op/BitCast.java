package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The same bits read as another element type of the same width. */
final class BitCast extends StandardOperator {
  BitCast() {
    super("BitCast", 26);
  }

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(Inferred.tensor(ElementTypes.required(context.node(), "to"), context.dims(0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      DType to = ElementTypes.required(context.node(), "to");
      if (x.dtype().bits() != to.bits() || to == DType.STRING) {
        throw context.error("the bits of " + x.dtype() + " do not make " + to);
      }
      return List.of(Tensor.wrap(to, x.shape(), x.segment()));
    });
  }
}
