package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * An operator that maps each element of its first input by itself, to the same type. A subclass
 * gives the function on doubles, and loops of its own where that is not exact or not fast enough.
 */
abstract class ElementwiseUnary extends StandardOperator {
  ElementwiseUnary(String opType, int... versions) {
    super(opType, versions);
  }

  /** The function with the node's attributes bound. */
  abstract Function bind(Node node);

  /** A function on elements, in place on the first {@code n} of an array. */
  interface Function {
    double apply(double x);

    default void floats(float[] x, int n) {
      for (int i = 0; i < n; i++) {
        x[i] = (float) apply(x[i]);
      }
    }

    default void doubles(double[] x, int n) {
      for (int i = 0; i < n; i++) {
        x[i] = apply(x[i]);
      }
    }

    /** For integer types; most functions have none. */
    default void longs(long[] x, int n, DType dtype) {
      throw new UnsupportedOperationException();
    }

    /** Whether the function is defined for integers. */
    default boolean takesIntegers() {
      return false;
    }
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(map(context, bind(context.node()), context.tensor(0))));
  }

  /** Every element of {@code x} mapped. */
  static Tensor map(OpContext context, Function function, Tensor x) {
    Tensor y = context.allocate(x.dtype(), x.shape());
    long size = x.size();
    int length = Blocks.length(size);
    Blocks.Compute compute = Blocks.Compute.of(x.dtype());
    if (compute == Blocks.Compute.LONGS && !function.takesIntegers()) {
      throw context.error("input type " + x.dtype() + " is not a float type");
    }
    switch (compute) {
      case FLOATS -> {
        float[] block = new float[length];
        for (long at = 0; at < size; at += length) {
          int n = (int) Math.min(length, size - at);
          Blocks.read(x, at, block, 0, n);
          function.floats(block, n);
          Blocks.write(block, y, at, n);
        }
      }
      case DOUBLES -> {
        double[] block = new double[length];
        for (long at = 0; at < size; at += length) {
          int n = (int) Math.min(length, size - at);
          Blocks.read(x, at, block, 0, n);
          function.doubles(block, n);
          Blocks.write(block, y, at, n);
        }
      }
      case LONGS -> {
        long[] block = new long[length];
        for (long at = 0; at < size; at += length) {
          int n = (int) Math.min(length, size - at);
          Blocks.read(x, at, block, 0, n);
          function.longs(block, n, x.dtype());
          Blocks.write(block, y, at, n);
        }
      }
      case OTHER -> throw context.error("input type " + x.dtype() + " is not supported");
    }
    return y;
  }
}
