package io.compresso.op;

import java.util.List;
import java.util.Optional;

/** What {@code ScatterElements} was called before opset 11. */
final class Scatter extends StandardOperator {
  Scatter() {
    super("Scatter", 9, 11);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(ScatterElements.scatter(context)));
  }
}
