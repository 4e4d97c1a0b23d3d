package io.compresso.op;

import io.compresso.kernel.Epilogue;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Convolution of quantized data with quantized filters to a quantized result. */
final class QLinearConv implements Operator {
  @Override
  public String opType() {
    return "QLinearConv";
  }

  @Override
  public List<Integer> versions() {
    return List.of(10);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Convolution.infer(context, 0, 3, context.dtype(7)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context, context.tensor(0))));
  }

  /**
   * The output.
   *
   * @param x the data, channels first
   */
  static Tensor run(OpContext context, Tensor x) {
    Tensor w = context.tensor(3);
    long channels = w.shape().rank() == 0 ? 0 : w.shape().dim(0);
    return new Convolution(
            x,
            w,
            context.tensorOrNull(8),
            context.tensor(7).dtype(),
            Quantization.requantizing(
                Quantization.scale(context, 1),
                Quantization.scales(context, 4, channels),
                Quantization.zeroPoints(context, 5, channels),
                Quantization.scale(context, 6),
                Quantization.zeroPoint(context, 7)),
            Quantization.zeroPoint(context, 2),
            Epilogue.NONE)
        .run(context, Quantization.allConstant(context, 1, 3, 4, 5, 6, 7, 8));
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    if (!Lowerings.isFixed(context, 1, 2, 3, 4, 5, 6, 7, 8)) {
      return null;
    }
    return ProductLowering.convolution(
        context,
        new ProductLowering.Product(
            0,
            3,
            8,
            context.output(0).dtype(),
            Lowerings.requantizing(context, 1, 4, 6),
            Lowerings.zeroPoint(context, 2),
            Epilogue.NONE));
  }
}
