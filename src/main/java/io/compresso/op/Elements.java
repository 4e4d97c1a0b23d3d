package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.Arrays;

/** Comparison and reduction of single elements of any ordered type. */
final class Elements {
  private Elements() {}

  /** The order of two elements of tensors of one type; NaN is the largest. */
  static int compare(Tensor a, long i, Tensor b, long j) {
    DType dtype = a.dtype();
    if (dtype == DType.STRING) {
      return Arrays.compareUnsigned(a.getString(i), b.getString(j));
    }
    if (dtype.isFloat()) {
      return Double.compare(a.getDouble(i) + 0.0, b.getDouble(j) + 0.0);
    }
    return dtype == DType.UINT64
        ? Long.compareUnsigned(a.getLong(i), b.getLong(j))
        : Long.compare(a.getLong(i), b.getLong(j));
  }

  /**
   * Combines element {@code i} of {@code from} into element {@code j} of {@code to}.
   *
   * @param reduction ONNX's {@code reduction}: none, add, mul, max or min
   */
  static void combine(OpContext context, String reduction, Tensor from, long i, Tensor to, long j) {
    boolean floats = from.dtype().isFloat();
    switch (reduction) {
      case "none" -> StridedCopy.element(from, i, to, j);
      case "add" -> {
        if (floats) {
          to.setDouble(j, to.getDouble(j) + from.getDouble(i));
        } else {
          to.setLong(j, to.getLong(j) + from.getLong(i));
        }
      }
      case "mul" -> {
        if (floats) {
          to.setDouble(j, to.getDouble(j) * from.getDouble(i));
        } else {
          to.setLong(j, to.getLong(j) * from.getLong(i));
        }
      }
      case "max" -> {
        if (compare(from, i, to, j) > 0) {
          StridedCopy.element(from, i, to, j);
        }
      }
      case "min" -> {
        if (compare(from, i, to, j) < 0) {
          StridedCopy.element(from, i, to, j);
        }
      }
      default -> throw context.error("attribute 'reduction' is '" + reduction + "'");
    }
  }

  /** The index from 0; blames the node when it is outside the axis. */
  static long index(OpContext context, long index, long size) {
    if (index < -size || index >= size) {
      throw context.error("index " + index + " is outside an axis of size " + size);
    }
    return index < 0 ? index + size : index;
  }
}
