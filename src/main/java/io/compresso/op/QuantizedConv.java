package io.compresso.op;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Convolution of 8-bit data with 8-bit filters, to 8 bits or floats, with what was fused to it, as
 * {@link CompiledConvolution} describes.
 */
final class QuantizedConv extends InternalOperator {
  @Override
  public String opType() {
    return "QuantizedConv";
  }

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(CompiledConvolution.infer(context, FusedEpilogue.outputType(context.node())));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context ->
        List.of(CompiledConvolution.run(context, FusedEpilogue.outputType(context.node()), true)));
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return CompiledConvolution.lower(context, context.output(0).dtype(), true);
  }
}
