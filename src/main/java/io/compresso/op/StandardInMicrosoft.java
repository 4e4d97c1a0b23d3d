package io.compresso.op;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An operator of ONNX's own set that ONNX Runtime has in {@code com.microsoft} as well. */
abstract class StandardInMicrosoft extends MicrosoftOperator {
  private final Operator standard;

  StandardInMicrosoft(Operator standard) {
    this.standard = standard;
  }

  @Override
  public String opType() {
    return standard.opType();
  }

  @Override
  public ShapeRule shapeRule() {
    return standard.shapeRule();
  }

  @Override
  public Optional<Reference> reference() {
    return standard.reference();
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return standard.lower(context);
  }
}
