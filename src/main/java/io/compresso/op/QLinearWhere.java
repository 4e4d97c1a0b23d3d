package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** {@code x} where the condition holds, else {@code y}, all of 8 bits with their own scales. */
final class QLinearWhere extends MicrosoftOperator {
  @Override
  public String opType() {
    return "QLinearWhere";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = Dims.broadcast(context, context.dims(1), context.dims(4));
      return List.of(Dims.tensor(context.dtype(1), Dims.broadcast(context, context.dims(0), dims)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor condition = context.tensor(0);
    Shape left = context.tensor(1).shape();
    Shape right = context.tensor(4).shape();
    Shape shape;
    try {
      shape = condition.shape().broadcast(left).broadcast(right);
    } catch (IllegalArgumentException e) {
      throw context.error(String.valueOf(e.getMessage()));
    }
    double[] x = QuantizedFunction.reals(context, 1);
    double[] y = QuantizedFunction.reals(context, 4);
    double[] z = new double[Math.toIntExact(shape.size())];
    for (int i = 0; i < z.length; i++) {
      boolean first = condition.getLong(MatrixProduct.index(i, condition.shape(), shape)) != 0;
      z[i] =
          first
              ? x[(int) MatrixProduct.index(i, left, shape)]
              : y[(int) MatrixProduct.index(i, right, shape)];
    }
    return QuantizedFunction.quantize(context, z, shape, 1, 7);
  }
}
