package io.compresso.op;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Product of floats with a matrix, with what was fused to it, as {@link CompiledProduct} says. */
final class CompiledMatMul extends InternalOperator {
  @Override
  public String opType() {
    return "MatMul";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(CompiledProduct.infer(context, context.dtype(0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(
        context -> List.of(CompiledProduct.run(context, context.tensor(0).dtype(), false)));
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return CompiledProduct.lower(context, context.output(0).dtype(), false);
  }
}
