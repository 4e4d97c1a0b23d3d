package io.compresso.op;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.WeightQuantization;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Convolution of 8-bit integers less their zero points, in 32 bits. */
final class ConvInteger implements Operator {
  @Override
  public String opType() {
    return "ConvInteger";
  }

  @Override
  public List<Integer> versions() {
    return List.of(10);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Convolution.infer(context, 0, 1, DType.INT32));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor w = context.tensor(1);
      int[] zeroPoints =
          Quantization.zeroPoints(context, 3, w.shape().rank() == 0 ? 0 : w.shape().dim(0));
      return List.of(
          new Convolution(
                  context.tensor(0),
                  w,
                  null,
                  DType.INT32,
                  WeightQuantization.ofZeroPoints(zeroPoints),
                  Quantization.zeroPoint(context, 2),
                  Epilogue.NONE)
              .run(context, Quantization.allConstant(context, 1, 3)));
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    if (!Lowerings.isFixed(context, 2, 3)) {
      return null;
    }
    return ProductLowering.convolution(
        context,
        new ProductLowering.Product(
            0,
            1,
            -1,
            DType.INT32,
            WeightQuantization.ofZeroPoints(Lowerings.zeroPoints(context, 3)),
            Lowerings.zeroPoint(context, 2),
            Epilogue.NONE));
  }
}
