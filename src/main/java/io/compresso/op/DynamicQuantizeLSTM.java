package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@link LSTM} whose weights are quantized and lie transposed: {@code [directions, input, 4 *
 * hidden]}. Data and state stay floats, where ONNX Runtime quantizes both by their range.
 */
final class DynamicQuantizeLSTM extends MicrosoftOperator {
  private static final LSTM NETWORK = new LSTM();

  @Override
  public String opType() {
    return "DynamicQuantizeLSTM";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Inferred> outputs = new ArrayList<>();
      for (int i = 0; i < context.node().outputs().size(); i++) {
        outputs.add(Inferred.tensor(DType.FLOAT, Dims.unknown(i == 0 ? 4 : 3)));
      }
      return outputs;
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(
        context -> NETWORK.run(context, weights(context, 1, 8), weights(context, 2, 10)));
  }

  /** The weights as floats, {@code [directions, 4 * hidden, input]}. */
  private static Tensor weights(OpContext context, int input, int scale) {
    Tensor w = context.tensor(input);
    Shape shape = w.shape();
    if (shape.rank() != 3) {
      throw context.error("weights " + shape + " must have three axes");
    }
    int rows = Math.toIntExact(shape.dim(1));
    int columns = Math.toIntExact(shape.dim(2));
    float[] scales = context.tensor(scale).toFloats();
    Tensor zeros = context.tensorOrNull(scale + 1);
    int perDirection = Math.toIntExact(scales.length / Math.max(1, shape.dim(0)));
    if (perDirection != 1 && perDirection != columns) {
      throw context.error("scale (input " + scale + ") for weights " + shape);
    }
    Tensor y = context.allocate(DType.FLOAT, Shape.of(shape.dim(0), columns, rows));
    for (long i = 0; i < w.size(); i++) {
      int column = (int) (i % columns);
      int row = (int) (i / columns % rows);
      int direction = (int) (i / columns / rows);
      int at = direction * perDirection + (perDirection == 1 ? 0 : column);
      long zero = zeros == null ? 0 : zeros.getLong(at);
      y.setFloat(
          ((long) direction * columns + column) * rows + row, (w.getLong(i) - zero) * scales[at]);
    }
    return y;
  }
}
