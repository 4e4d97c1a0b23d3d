package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@link LSTM} whose weights are quantized and lie transposed: {@code [directions, input, 4 *
 * hidden]}. Lowered, data and state are quantized by their range, as in ONNX Runtime; the reference
 * leaves them floats.
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
      List<Dim> x = context.dims(0);
      List<Dim> r = context.dims(2);
      boolean both = context.node().stringAttribute("direction", "forward").equals("bidirectional");
      Dim steps = x == null || x.size() != 3 ? Dim.UNKNOWN : x.get(0);
      Dim batch = x == null || x.size() != 3 ? Dim.UNKNOWN : x.get(1);
      Dim hidden = r == null || r.size() != 3 ? Dim.UNKNOWN : r.get(1);
      Dim directions = Dim.of(both ? 2 : 1);
      List<Inferred> outputs = new ArrayList<>();
      for (int i = 0; i < context.node().outputs().size(); i++) {
        outputs.add(
            Inferred.tensor(
                DType.FLOAT,
                i == 0
                    ? List.of(steps, directions, batch, hidden)
                    : List.of(directions, batch, hidden)));
      }
      return outputs;
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(
        context -> NETWORK.run(context, weights(context, 1, 8), weights(context, 2, 10)));
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return RecurrentLowering.lower(
        context,
        4,
        3,
        RecurrentWeights.ofBytes(context, 1, 8, 9, false),
        RecurrentWeights.ofBytes(context, 2, 10, 11, false));
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
    if (zeros != null && zeros.size() != 1 && zeros.size() != scales.length) {
      throw context.error(
          "zero points (input %d) %s for %d scales"
              .formatted(scale + 1, zeros.shape(), scales.length));
    }
    Tensor y = context.allocate(DType.FLOAT, Shape.of(shape.dim(0), columns, rows));
    for (long i = 0; i < w.size(); i++) {
      int column = (int) (i % columns);
      int row = (int) (i / columns % rows);
      int direction = (int) (i / columns / rows);
      int at = direction * perDirection + (perDirection == 1 ? 0 : column);
      long zero = zeros == null ? 0 : zeros.getLong(zeros.size() == 1 ? 0 : at);
      y.setFloat(
          ((long) direction * columns + column) * rows + row, (w.getLong(i) - zero) * scales[at]);
    }
    return y;
  }
}
