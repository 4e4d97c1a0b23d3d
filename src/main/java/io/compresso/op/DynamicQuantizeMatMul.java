package io.compresso.op;

import io.compresso.tensor.DType;
import java.util.List;
import java.util.Optional;

/** Product of a float matrix, quantized by its own range, with a quantized one, to floats. */
final class DynamicQuantizeMatMul extends MicrosoftOperator {
  @Override
  public String opType() {
    return "DynamicQuantizeMatMul";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(MatrixProduct.infer(context, 0, 1, DType.FLOAT));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      DynamicQuantizeLinear.Quantized a =
          DynamicQuantizeLinear.quantize(context, context.tensor(0));
      return List.of(
          IntegerMatMul.run(
              context, a.values(), a.scale(), a.zeroPoint(), 1, 2, 3, context.tensorOrNull(4)));
    });
  }
}
