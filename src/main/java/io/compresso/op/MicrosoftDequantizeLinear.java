package io.compresso.op;

import java.util.List;
import java.util.Optional;

/** {@link DequantizeLinear} in ONNX Runtime's own set. */
final class MicrosoftDequantizeLinear extends MicrosoftOperator {
  @Override
  public String opType() {
    return "DequantizeLinear";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(DequantizeLinear.infer(context));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(DequantizeLinear.run(context)));
  }
}
