package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An operator on pairs of elements of two inputs that broadcast to each other; the result has the
 * type of the first.
 */
abstract class ElementwiseBinary extends StandardOperator {
  ElementwiseBinary(String opType, int... versions) {
    super(opType, versions);
  }

  /** The function with the node's attributes bound. */
  abstract Function bind(Node node);

  /** A function on pairs: the results replace the first {@code n} elements of {@code a}. */
  interface Function {
    default void floats(float[] a, float[] b, int n) {
      throw new UnsupportedOperationException("floats");
    }

    default void doubles(double[] a, double[] b, int n) {
      throw new UnsupportedOperationException("floats");
    }

    /** Elements of {@code UINT64} are given as their bits. */
    default void longs(long[] a, long[] b, int n, DType dtype) {
      throw new UnsupportedOperationException("integers");
    }
  }

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(
            new Inferred(
                Dims.tensor(
                        context.dtype(0),
                        context.opset() < 7
                            ? context.dims(0)
                            : Dims.broadcast(context, context.dims(0), context.dims(1)))
                    .type(),
                elements(context)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor a = context.tensor(0);
      Tensor b = context.tensor(1);
      if (context.opset() < 7) {
        b = alignedTo(context, a, b);
      }
      return List.of(apply(context, bind(context.node()), a, b));
    });
  }

  /** Before opset 7 the axes of {@code b} start at attribute {@code axis} of {@code a}. */
  private static Tensor alignedTo(OpContext context, Tensor a, Tensor b) {
    long axis = context.node().intAttribute("axis", legacyAxis(context, a, b));
    int rank = a.shape().rank();
    if (axis < 0 || axis + b.shape().rank() > rank || b.size() == 1) {
      return b;
    }
    long[] dims = new long[rank];
    Arrays.fill(dims, 1);
    System.arraycopy(b.shape().dims(), 0, dims, (int) axis, b.shape().rank());
    return b.reshape(Axes.shape(context, dims));
  }

  private static long legacyAxis(OpContext context, Tensor a, Tensor b) {
    boolean perChannel =
        context.node().is("PRelu") && b.shape().rank() == 1 && a.shape().rank() > 1;
    return perChannel ? 1 : a.shape().rank() - b.shape().rank();
  }

  /** The result for dimensions that are not both known numbers. */
  Dim symbolic(Dim a, Dim b) {
    return Dim.UNKNOWN;
  }

  private @Nullable List<Dim> elements(ShapeContext context) {
    DType dtype = context.dtype(0);
    if (dtype != DType.INT64 && dtype != DType.INT32) {
      return null;
    }
    List<Dim> a = Dims.elements(context, 0);
    List<Dim> b = Dims.elements(context, 1);
    if (a == null || b == null || a.size() != b.size() && a.size() != 1 && b.size() != 1) {
      return null;
    }
    Function function = bind(context.node());
    List<Dim> result = new ArrayList<>();
    for (int i = 0; i < (a.size() == 1 ? b.size() : a.size()); i++) {
      Dim left = a.get(a.size() == 1 ? 0 : i);
      Dim right = b.get(b.size() == 1 ? 0 : i);
      if (left instanceof Dim.Fixed(long x) && right instanceof Dim.Fixed(long y)) {
        long[] value = {x};
        try {
          function.longs(value, new long[] {y}, 1, dtype);
        } catch (ArithmeticException | UnsupportedOperationException e) {
          return null;
        }
        result.add(Dim.of(dtype == DType.INT32 ? (int) value[0] : value[0]));
      } else {
        result.add(symbolic(left, right));
      }
    }
    return result;
  }

  /** The function of all pairs, in the type of {@code a}. */
  static Tensor apply(OpContext context, Function function, Tensor a, Tensor b) {
    Shape shape;
    try {
      shape = a.shape().broadcast(b.shape());
    } catch (IllegalArgumentException e) {
      throw context.error("inputs " + a + " and " + b + " do not broadcast");
    }
    if (a.dtype() != b.dtype()) {
      throw context.error("inputs " + a + " and " + b + " are of different types");
    }
    Tensor y = context.allocate(a.dtype(), shape);
    try {
      fill(function, new BroadcastReader(a, shape), new BroadcastReader(b, shape), y);
    } catch (UnsupportedOperationException _) {
      throw context.error("input type " + a.dtype() + " is not supported");
    } catch (ArithmeticException _) {
      throw context.error("integer division by 0");
    }
    return y;
  }

  private static void fill(Function function, BroadcastReader a, BroadcastReader b, Tensor y) {
    long size = y.size();
    int length = Blocks.length(size);
    switch (Blocks.Compute.of(y.dtype())) {
      case FLOATS -> {
        float[] left = new float[length];
        float[] right = new float[length];
        for (long at = 0; at < size; at += length) {
          int n = (int) Math.min(length, size - at);
          a.read(left, n);
          b.read(right, n);
          function.floats(left, right, n);
          Blocks.write(left, y, at, n);
        }
      }
      case DOUBLES -> {
        double[] left = new double[length];
        double[] right = new double[length];
        for (long at = 0; at < size; at += length) {
          int n = (int) Math.min(length, size - at);
          a.read(left, n);
          b.read(right, n);
          function.doubles(left, right, n);
          Blocks.write(left, y, at, n);
        }
      }
      case LONGS -> {
        long[] left = new long[length];
        long[] right = new long[length];
        for (long at = 0; at < size; at += length) {
          int n = (int) Math.min(length, size - at);
          a.read(left, n);
          b.read(right, n);
          function.longs(left, right, n, y.dtype());
          Blocks.write(left, y, at, n);
        }
      }
      case OTHER -> throw new UnsupportedOperationException(y.dtype().toString());
    }
  }
}
