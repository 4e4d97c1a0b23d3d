package io.compresso.op;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Convolution (cross-correlation) of {@code [N, C, spatial...]} with 1 to 3 spatial axes. */
final class Conv implements Operator {
  @Override
  public String opType() {
    return "Conv";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 11, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Convolution.infer(context, 0, 1, context.dtype(0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context ->
        List.of(
            Convolution.ofFloats(context.tensor(0), context.tensor(1), context.tensorOrNull(2))
                .run(context, isConstant(context))));
  }

  /** Whether filters and bias are constants. */
  static boolean isConstant(OpContext context) {
    return context.isConstant(1) && (context.node().input(2) == null || context.isConstant(2));
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return ProductLowering.convolution(context, ProductLowering.Product.ofFloats(context, 2));
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.weighted(1, 2, 0));
  }
}
