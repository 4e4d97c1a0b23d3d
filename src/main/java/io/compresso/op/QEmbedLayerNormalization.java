package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.Optional;

/**
 * {@link EmbedLayerNormalization} of embeddings, scales and biases in bytes, each with a scale and
 * a zero point; in floats.
 */
final class QEmbedLayerNormalization extends MicrosoftOperator {
  /** The first inputs with the scales and the zero points, those of the words. */
  private static final int SCALES = 8;

  private static final int ZERO_POINTS = 13;

  @Override
  public String opType() {
    return "QEmbedLayerNormalization";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> EmbedLayerNormalization.infer(context, DType.FLOAT);
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context ->
        EmbedLayerNormalization.run(
            context,
            new EmbedLayerNormalization.Tables(
                table(context, 2),
                table(context, 3),
                context.tensorOrNull(4) == null ? null : table(context, 4)),
            dequantized(context, 5),
            dequantized(context, 6),
            null,
            DType.FLOAT));
  }

  private static EmbedLayerNormalization.Table table(OpContext context, int input) {
    return new EmbedLayerNormalization.Table(
        context.tensor(input),
        Quantization.scale(context, SCALES + input - 2),
        Quantization.zeroPoint(context, ZERO_POINTS + input - 2));
  }

  private static Tensor dequantized(OpContext context, int input) {
    EmbedLayerNormalization.Table table = table(context, input);
    double[] values = Reals.doubles(table.values());
    for (int i = 0; i < values.length; i++) {
      values[i] = table.scale() * (values[i] - table.zeroPoint());
    }
    return Reals.tensor(context, DType.FLOAT, table.values().shape(), values);
  }
}
