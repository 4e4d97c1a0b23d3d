package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** What {@code QLinearAdd} and {@code QLinearMul} share: two quantized operands that broadcast. */
abstract class QLinearBinary extends MicrosoftOperator {
  abstract double apply(double a, double b);

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(
            Dims.tensor(
                context.dtype(0), Dims.broadcast(context, context.dims(0), context.dims(3))));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private Tensor run(OpContext context) {
    Shape left = context.tensor(0).shape();
    Shape right = context.tensor(3).shape();
    Shape shape;
    try {
      shape = left.broadcast(right);
    } catch (IllegalArgumentException e) {
      throw context.error(String.valueOf(e.getMessage()));
    }
    double[] a = QuantizedFunction.reals(context, 0);
    double[] b = QuantizedFunction.reals(context, 3);
    double[] y = new double[Math.toIntExact(shape.size())];
    for (int i = 0; i < y.length; i++) {
      y[i] =
          apply(
              a[(int) MatrixProduct.index(i, left, shape)],
              b[(int) MatrixProduct.index(i, right, shape)]);
    }
    return QuantizedFunction.quantize(context, y, shape, 0, 6);
  }
}
