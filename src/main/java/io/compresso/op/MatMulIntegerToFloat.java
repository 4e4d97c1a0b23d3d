package io.compresso.op;

import io.compresso.tensor.DType;
import java.util.List;
import java.util.Optional;

/** Product of quantized matrices, to floats. */
final class MatMulIntegerToFloat extends MicrosoftOperator {
  @Override
  public String opType() {
    return "MatMulIntegerToFloat";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(MatrixProduct.infer(context, 0, 1, DType.FLOAT));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context ->
        List.of(
            IntegerMatMul.run(
                context,
                context.tensor(0),
                Quantization.scale(context, 2),
                Quantization.zeroPoint(context, 4),
                1,
                3,
                5,
                context.tensorOrNull(6))));
  }
}
