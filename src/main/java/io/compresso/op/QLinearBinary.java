package io.compresso.op;

import io.compresso.kernel.Broadcast;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.QuantizedBinaryProblem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What {@code QLinearAdd} and {@code QLinearMul} share: two quantized operands that broadcast. */
abstract class QLinearBinary extends MicrosoftOperator {
  abstract double apply(double a, double b);

  /** The kernels' name for it. */
  abstract QuantizedBinaryProblem.Function function();

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

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec a = context.input(0);
    TensorSpec b = context.input(3);
    if (!Lowerings.isFixed(context, 1, 2, 4, 5, 6, 7) || a.dtype() != b.dtype()) {
      return null;
    }
    PreparedKernel kernel =
        context.prepare(
            0,
            new QuantizedBinaryProblem(
                function(),
                a.dtype(),
                Broadcast.of(a.shape(), b.shape()),
                scale(context, 1),
                scale(context, 4),
                scale(context, 6)),
            () -> Weights.NONE);
    int threads = context.threads();
    return Lowered.of(
            buffers -> {
              Operands operands =
                  Operands.of(buffers.input(0), buffers.input(3), buffers.output(0));
              return kernel.bind(operands, threads)::run;
            })
        .withInPlace(0, 3);
  }

  private static QuantizedBinaryProblem.Scale scale(LoweringContext context, int input) {
    return new QuantizedBinaryProblem.Scale(
        (float) Lowerings.scalar(context, input), Lowerings.zeroPoint(context, input + 1));
  }
}
