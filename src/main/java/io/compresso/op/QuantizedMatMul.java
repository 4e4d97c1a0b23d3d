package io.compresso.op;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Product of 8-bit integers with a matrix of them, to 8 bits or floats, with what was fused to it,
 * as {@link CompiledProduct} says.
 */
final class QuantizedMatMul extends InternalOperator {
  @Override
  public String opType() {
    return "QuantizedMatMul";
  }

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(CompiledProduct.infer(context, FusedEpilogue.outputType(context.node())));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context ->
        List.of(CompiledProduct.run(context, FusedEpilogue.outputType(context.node()), true)));
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return CompiledProduct.lower(context, context.output(0).dtype(), true);
  }
}
