package io.compresso.op;

import java.util.List;
import java.util.Optional;

/** Converts elements to the type of the second input. */
final class CastLike extends StandardOperator {
  CastLike() {
    super("CastLike", 15, 19, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Dims.tensor(context.dtype(1), context.dims(0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context ->
        List.of(
            Casts.cast(
                context,
                context.tensor(0),
                context.tensor(1).dtype(),
                context.node().intAttribute("saturate", 1) != 0,
                context.node().stringAttribute("round_mode", "up"))));
  }
}
