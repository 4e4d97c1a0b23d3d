package io.compresso.op;

import io.compresso.kernel.BinaryFunction;
import io.compresso.kernel.BinaryProblem;
import io.compresso.kernel.Broadcast;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.UnaryFunction;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code x} to the power {@code y}, in the type of {@code x}; the types may differ. */
final class Pow extends StandardOperator {
  Pow() {
    super("Pow", 1, 7, 12, 13, 15);
  }

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(
            Dims.tensor(
                context.dtype(0), Dims.broadcast(context, context.dims(0), context.dims(1))));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(power(context, context.tensor(0), context.tensor(1))));
  }

  private static Tensor power(OpContext context, Tensor x, Tensor exponent) {
    boolean integers = !x.dtype().isFloat() && !exponent.dtype().isFloat();
    if (Blocks.Compute.of(x.dtype()) == Blocks.Compute.FLOATS && exponent.size() == 1) {
      double power = exponent.getDouble(0);
      if (power == 2 || power == 0.5 || power == 1 || power == 3) {
        Tensor y = ElementwiseUnary.map(context, simple(power), x);
        return y.reshape(x.shape().broadcast(exponent.shape()));
      }
    }
    Shape shape;
    try {
      shape = x.shape().broadcast(exponent.shape());
    } catch (IllegalArgumentException e) {
      throw context.error("inputs " + x + " and " + exponent + " do not broadcast");
    }
    Tensor y = context.allocate(x.dtype(), shape);
    BroadcastReader bases = new BroadcastReader(x, shape);
    BroadcastReader exponents = new BroadcastReader(exponent, shape);
    long size = shape.size();
    int length = Blocks.length(size);
    if (integers) {
      long[] a = new long[length];
      long[] b = new long[length];
      for (long at = 0; at < size; at += length) {
        int n = (int) Math.min(length, size - at);
        bases.read(a, n);
        exponents.read(b, n);
        for (int i = 0; i < n; i++) {
          a[i] = power(a[i], b[i]);
        }
        Blocks.write(a, y, at, n);
      }
    } else {
      double[] a = new double[length];
      double[] b = new double[length];
      for (long at = 0; at < size; at += length) {
        int n = (int) Math.min(length, size - at);
        bases.read(a, n);
        exponents.read(b, n);
        for (int i = 0; i < n; i++) {
          a[i] = Math.pow(a[i], b[i]);
        }
        Blocks.write(a, y, at, n);
      }
    }
    return y;
  }

  private static ElementwiseUnary.Function simple(double power) {
    return new ElementwiseUnary.Function() {
      @Override
      public double apply(double x) {
        return Math.pow(x, power);
      }

      @Override
      public void floats(float[] x, int n) {
        for (int i = 0; i < n; i++) {
          float value = x[i];
          x[i] =
              power == 2
                  ? value * value
                  : power == 3
                      ? value * value * value
                      : power == 1 ? value : (float) Math.sqrt(value);
        }
      }
    };
  }

  private static long power(long base, long exponent) {
    if (exponent < 0) {
      return base == 1 ? 1 : base == -1 ? (exponent & 1) == 0 ? 1 : -1 : 0;
    }
    long result = 1;
    long square = base;
    for (long left = exponent; left != 0; left >>= 1) {
      if ((left & 1) != 0) {
        result *= square;
      }
      square *= square;
    }
    return result;
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    Tensor exponent = context.constant(1);
    if (exponent != null && exponent.size() == 1 && context.input(0).dtype() == DType.FLOAT) {
      double power = exponent.getDouble(0);
      boolean sameShape = context.output(0).shape().equals(context.input(0).shape());
      if (power == 1 && sameShape) {
        return Lowered.view();
      }
      if (power == 0.5 && sameShape) {
        return Lowerings.unary(context, UnaryFunction.SQRT, 1, 0);
      }
      if (power == 2 && sameShape) {
        return square(context);
      }
    }
    return Lowerings.binary(context, BinaryFunction.POW);
  }

  private static Lowered square(LoweringContext context) {
    TensorSpec x = context.input(0);
    PreparedKernel kernel =
        context.prepare(
            0,
            new BinaryProblem(BinaryFunction.MUL, x.dtype(), Broadcast.none(x.shape().size())),
            () -> Weights.NONE);
    int threads = context.threads();
    return Lowered.of(
            buffers -> {
              Operands operands =
                  Operands.of(buffers.input(0), buffers.input(0), buffers.output(0));
              return kernel.bind(operands, threads)::run;
            })
        .withInPlace(0);
  }
}
