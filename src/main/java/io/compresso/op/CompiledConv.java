package io.compresso.op;

import io.compresso.tensor.DType;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Convolution of floats with what was fused to it, as {@link CompiledConvolution} describes. */
final class CompiledConv extends InternalOperator {
  @Override
  public String opType() {
    return "Conv";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(CompiledConvolution.infer(context, context.dtype(0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      DType type = context.tensor(0).dtype();
      return List.of(CompiledConvolution.run(context, type, false));
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return CompiledConvolution.lower(context, context.output(0).dtype(), false);
  }
}
