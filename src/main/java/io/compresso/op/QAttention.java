package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Self-attention whose projection is a product of quantized matrices. */
final class QAttention extends MicrosoftOperator {
  @Override
  public String opType() {
    return "QAttention";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> PackedAttention.infer(context, DType.FLOAT);
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return ProjectedAttention.ofBytes(context);
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(QAttention::run);
  }

  private static List<? extends @Nullable Tensor> run(OpContext context) {
    Tensor projected =
        IntegerMatMul.run(
            context,
            context.tensor(0),
            Quantization.scale(context, 3),
            Quantization.zeroPoint(context, 6),
            1,
            4,
            7,
            context.tensorOrNull(2));
    long width = projected.shape().dim(-1) / 3;
    return PackedAttention.run(context, projected, new long[] {width, width, width}, 5, 8, -1);
  }
}
