package io.compresso.op;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Product of stacks of matrices. */
final class MatMul implements Operator {
  @Override
  public String opType() {
    return "MatMul";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 9, 13);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(MatrixProduct.infer(context, 0, 1, context.dtype(0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context ->
        List.of(
            MatrixProduct.of(context.tensor(0), context.tensor(1))
                .run(context, context.isConstant(1))));
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return ProductLowering.matrices(context, ProductLowering.Product.ofFloats(context, -1));
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.weighted(1, -1, -1));
  }
}
