package io.compresso.op;

import java.util.List;
import java.util.Optional;

/** {@link QuantizeLinear} in ONNX Runtime's own set. */
final class MicrosoftQuantizeLinear extends MicrosoftOperator {
  @Override
  public String opType() {
    return "QuantizeLinear";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(QuantizeLinear.infer(context));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(QuantizeLinear.run(context)));
  }
}
