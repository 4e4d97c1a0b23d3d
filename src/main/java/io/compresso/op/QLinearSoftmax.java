package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Softmax of a quantized tensor to a quantized result. With attribute {@code opset} below 13 all
 * axes from {@code axis} on are normalized together.
 */
final class QLinearSoftmax extends MicrosoftOperator {
  @Override
  public String opType() {
    return "QLinearSoftmax";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Shape shape = context.tensor(0).shape();
    double[] x = QuantizedFunction.reals(context, 0);
    int axis = Axes.normalize(context, context.node().intAttribute("axis", -1), shape.rank());
    boolean together = context.node().intAttribute("opset", 13) < 13;
    int count = Math.toIntExact(together ? shape.size(axis, shape.rank()) : shape.dim(axis));
    int step = together ? 1 : Math.toIntExact(shape.size(axis + 1, shape.rank()));
    for (int i = 0; i < x.length; i++) {
      if (i / step % count == 0) {
        softmax(x, i, count, step);
      }
    }
    return QuantizedFunction.quantize(context, x, shape, 0, 3);
  }

  private static void softmax(double[] x, int from, int count, int step) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, x[from + i * step]);
    }
    double sum = 0;
    for (int i = 0; i < count; i++) {
      x[from + i * step] = Math.exp(x[from + i * step] - largest);
      sum += x[from + i * step];
    }
    for (int i = 0; i < count; i++) {
      x[from + i * step] /= sum;
    }
  }
}
