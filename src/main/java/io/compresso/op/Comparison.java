package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A relation of pairs of elements of two inputs that broadcast to each other; gives booleans. */
abstract class Comparison extends StandardOperator {
  Comparison(String opType, int... versions) {
    super(opType, versions);
  }

  abstract void doubles(double[] a, double[] b, byte[] y, int n);

  abstract void longs(long[] a, long[] b, byte[] y, int n);

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(
            Inferred.tensor(DType.BOOL, Dims.broadcast(context, context.dims(0), context.dims(1))));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(compare(context, context.tensor(0), context.tensor(1))));
  }

  private Tensor compare(OpContext context, Tensor a, Tensor b) {
    Shape shape;
    try {
      shape = a.shape().broadcast(b.shape());
    } catch (IllegalArgumentException e) {
      throw context.error("inputs " + a + " and " + b + " do not broadcast");
    }
    if (a.dtype() != b.dtype()) {
      throw context.error("inputs " + a + " and " + b + " are of different types");
    }
    Tensor y = context.allocate(DType.BOOL, shape);
    BroadcastReader left = new BroadcastReader(a, shape);
    BroadcastReader right = new BroadcastReader(b, shape);
    long size = shape.size();
    int length = Blocks.length(size);
    byte[] result = new byte[length];
    switch (Blocks.Compute.of(a.dtype())) {
      case FLOATS, DOUBLES -> {
        double[] x = new double[length];
        double[] z = new double[length];
        for (long at = 0; at < size; at += length) {
          int n = (int) Math.min(length, size - at);
          left.read(x, n);
          right.read(z, n);
          doubles(x, z, result, n);
          MemorySegment.copy(result, 0, y.segment(), ValueLayout.JAVA_BYTE, at, n);
        }
      }
      case LONGS -> {
        long[] x = new long[length];
        long[] z = new long[length];
        for (long at = 0; at < size; at += length) {
          int n = (int) Math.min(length, size - at);
          left.read(x, n);
          right.read(z, n);
          if (a.dtype() == DType.UINT64) {
            for (int i = 0; i < n; i++) {
              x[i] ^= Long.MIN_VALUE;
              z[i] ^= Long.MIN_VALUE;
            }
          }
          longs(x, z, result, n);
          MemorySegment.copy(result, 0, y.segment(), ValueLayout.JAVA_BYTE, at, n);
        }
      }
      case OTHER -> {
        if (a.dtype() != DType.STRING) {
          throw context.error("input type " + a.dtype() + " is not supported");
        }
        long[] x = new long[length];
        long[] z = new long[length];
        for (long at = 0; at < size; at += length) {
          int n = (int) Math.min(length, size - at);
          left.indices(x, n);
          right.indices(z, n);
          for (int i = 0; i < n; i++) {
            x[i] = Arrays.compareUnsigned(a.getString(x[i]), b.getString(z[i]));
            z[i] = 0;
          }
          longs(x, z, result, n);
          MemorySegment.copy(result, 0, y.segment(), ValueLayout.JAVA_BYTE, at, n);
        }
      }
    }
    return y;
  }
}
