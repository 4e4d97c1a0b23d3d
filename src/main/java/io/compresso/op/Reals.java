package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Tensors of real numbers as arrays, and back. */
final class Reals {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Reals() {}

  /** The elements in row-major order. */
  static double[] doubles(Tensor tensor) {
    double[] values = new double[Math.toIntExact(tensor.size())];
    if (tensor.dtype() == DType.FLOAT) {
      MemorySegment segment = tensor.segment();
      for (int i = 0; i < values.length; i++) {
        values[i] = segment.get(FLOAT, i * 4L);
      }
    } else if (tensor.dtype() == DType.DOUBLE) {
      MemorySegment.copy(tensor.segment(), DOUBLE, 0, values, 0, values.length);
    } else {
      for (int i = 0; i < values.length; i++) {
        values[i] = tensor.getDouble(i);
      }
    }
    return values;
  }

  /** The elements in row-major order, or {@code otherwise} when the input is omitted. */
  static double @Nullable [] doubles(@Nullable Tensor tensor, double @Nullable [] otherwise) {
    return tensor == null ? otherwise : doubles(tensor);
  }

  /** A tensor of the given elements; integers take them truncated. */
  static Tensor tensor(OpContext context, DType dtype, Shape shape, double[] values) {
    Tensor tensor = context.allocateUncleared(dtype, shape);
    store(values, tensor);
    return tensor;
  }

  /** A tensor of the given elements; integers take them truncated. */
  static Tensor tensor(OpContext context, DType dtype, Shape shape, float[] values) {
    Tensor tensor = context.allocateUncleared(dtype, shape);
    if (dtype == DType.FLOAT) {
      MemorySegment.copy(values, 0, tensor.segment(), FLOAT, 0, values.length);
    } else {
      for (int i = 0; i < values.length; i++) {
        tensor.setFloat(i, values[i]);
      }
    }
    return tensor;
  }

  /** The tensor in the type in which it is computed: doubles as they are, others as floats. */
  static Tensor computable(OpContext context, Tensor tensor) {
    if (tensor.dtype() == DType.FLOAT || tensor.dtype() == DType.DOUBLE) {
      return tensor;
    }
    return tensor(context, DType.FLOAT, tensor.shape(), tensor.toFloats());
  }

  /** The tensor in another element type. */
  static Tensor as(OpContext context, DType dtype, Tensor tensor) {
    return tensor.dtype() == dtype
        ? tensor
        : tensor(context, dtype, tensor.shape(), doubles(tensor));
  }

  private static void store(double[] values, Tensor tensor) {
    if (tensor.dtype() == DType.FLOAT) {
      MemorySegment segment = tensor.segment();
      for (int i = 0; i < values.length; i++) {
        segment.set(FLOAT, i * 4L, (float) values[i]);
      }
    } else {
      for (int i = 0; i < values.length; i++) {
        tensor.setDouble(i, values[i]);
      }
    }
  }
}
