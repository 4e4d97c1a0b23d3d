package io.compresso.op;

import java.util.List;
import java.util.Optional;

/** Its input, shared; of any type. */
final class Identity extends StandardOperator {
  Identity() {
    super("Identity", 1, 13, 14, 16, 19, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(context.input(0));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      if (context.input(0) == null) {
        throw context.error("input 0 is missing");
      }
      return List.of(context.input(0));
    });
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowered.view();
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }
}
