package io.compresso.op;

import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Self-attention with its projection, of data {@code [batch, sequence, width]}. */
final class MicrosoftAttention extends MicrosoftOperator {
  @Override
  public String opType() {
    return "Attention";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> PackedAttention.infer(context, context.dtype(0));
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return ProjectedAttention.ofFloats(context);
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(MicrosoftAttention::run);
  }

  private static List<? extends @Nullable Tensor> run(OpContext context) {
    Tensor w = context.tensor(1);
    Tensor projected = MatrixProduct.of(context.tensor(0), w).run(context, context.isConstant(1));
    Tensor bias = context.tensorOrNull(2);
    long width = projected.shape().dim(-1);
    if (bias != null && bias.size() != width) {
      throw context.error("bias " + bias.shape() + " for a projection to " + width);
    }
    for (long i = 0; bias != null && i < projected.size(); i++) {
      projected.setDouble(i, projected.getDouble(i) + bias.getDouble(i % width));
    }
    long[] sizes =
        context
            .node()
            .intsAttribute("qkv_hidden_sizes", new long[] {width / 3, width / 3, width / 3});
    if (sizes.length != 3) {
      throw context.error("attribute 'qkv_hidden_sizes' must have three values");
    }
    return PackedAttention.run(context, projected, sizes, 3, 4, 5);
  }
}
