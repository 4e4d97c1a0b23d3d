package io.compresso.op;

import io.compresso.kernel.Epilogue;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Product of quantized matrices to a quantized result. */
final class QLinearMatMul implements Operator {
  @Override
  public String opType() {
    return "QLinearMatMul";
  }

  @Override
  public List<Integer> versions() {
    return List.of(10, 21);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(MatrixProduct.infer(context, 0, 3, context.dtype(7)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor b = context.tensor(3);
    long channels = b.shape().rank() < 2 ? 1 : b.shape().dim(-1);
    return new MatrixProduct(
            context.tensor(0),
            b,
            context.tensor(7).dtype(),
            Quantization.requantizing(
                Quantization.scale(context, 1),
                Quantization.scales(context, 4, channels),
                Quantization.zeroPoints(context, 5, channels),
                Quantization.scale(context, 6),
                Quantization.zeroPoint(context, 7)),
            Quantization.zeroPoint(context, 2))
        .run(context, Quantization.allConstant(context, 1, 3, 4, 5, 6, 7));
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    if (!Lowerings.isFixed(context, 1, 2, 4, 5, 6, 7)) {
      return null;
    }
    return ProductLowering.matrices(
        context,
        new ProductLowering.Product(
            0,
            3,
            -1,
            context.output(0).dtype(),
            Lowerings.requantizing(context, 1, 4, 6),
            Lowerings.zeroPoint(context, 2),
            Epilogue.NONE));
  }
}
