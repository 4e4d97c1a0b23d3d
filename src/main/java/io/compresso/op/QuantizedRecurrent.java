package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@link GRU} or {@link RNN} with weights of 8 bits, whose data and state are quantized by their
 * range as the node runs. Inputs are those of the ONNX operator, then the scales and zero points of
 * the weights at 8 and 9, and of the recurrent weights at 10 and 11: one, or one a row of the
 * gates.
 */
abstract class QuantizedRecurrent extends InternalOperator {
  private static final int W_SCALE = 8;
  private static final int R_SCALE = 10;

  private final Recurrent network;
  private final int functions;

  QuantizedRecurrent(Recurrent network, int functions) {
    this.network = network;
    this.functions = functions;
  }

  @Override
  public final String opType() {
    return "Quantized" + network.opType();
  }

  @Override
  public final ShapeRule shapeRule() {
    return network.shapeRule();
  }

  @Override
  public final @Nullable Lowered lower(LoweringContext context) {
    return RecurrentLowering.lower(
        context,
        network.gates(),
        functions,
        RecurrentWeights.ofBytes(context, 1, W_SCALE, W_SCALE + 1, true),
        RecurrentWeights.ofBytes(context, 2, R_SCALE, R_SCALE + 1, true));
  }

  /** The weights dequantized, data and state as they are. */
  @Override
  public final Optional<Reference> reference() {
    return Optional.of(context ->
        network.run(context, weights(context, 1, W_SCALE), weights(context, 2, R_SCALE)));
  }

  private static Tensor weights(OpContext context, int input, int scale) {
    Tensor w = context.tensor(input);
    Shape shape = w.shape();
    if (shape.rank() != 3) {
      throw context.error("weights " + shape + " must have three axes");
    }
    float[] scales = context.tensor(scale).toFloats();
    Tensor zeros = context.tensorOrNull(scale + 1);
    long rows = shape.dim(1);
    if (scales.length != 1 && scales.length != rows) {
      throw context.error("scale (input " + scale + ") for weights " + shape);
    }
    Tensor y = context.allocate(DType.FLOAT, shape);
    for (long i = 0; i < w.size(); i++) {
      int at = scales.length == 1 ? 0 : (int) (i / shape.dim(2) % rows);
      long zero = zeros == null ? 0 : zeros.getLong(zeros.size() == 1 ? 0 : at);
      y.setFloat(i, (w.getLong(i) - zero) * scales[at]);
    }
    return y;
  }
}
