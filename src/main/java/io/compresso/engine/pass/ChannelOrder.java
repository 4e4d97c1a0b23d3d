package io.compresso.engine.pass;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;

/**
 * The two orders of the axes of data with channels: {@code [N, C, spatial...]}, as ONNX has it, and
 * {@code [N, spatial..., C]}.
 *
 * @param rank how many axes there are, at least 3
 */
record ChannelOrder(int rank) {
  /** For each axis with the channels last, the axis with the channels first. */
  long[] toLast() {
    long[] perm = new long[rank];
    for (int i = 1; i < rank; i++) {
      perm[i] = i == rank - 1 ? 1 : i + 1;
    }
    return perm;
  }

  /** For each axis with the channels first, the axis with the channels last. */
  long[] toFirst() {
    long[] perm = new long[rank];
    for (int i = 1; i < rank; i++) {
      perm[i] = i == 1 ? rank - 1 : i - 1;
    }
    return perm;
  }

  /** Where an axis lies when the channels are last; negative ones count from the end. */
  long last(long axis) {
    long own = axis < 0 ? axis + rank : axis;
    return own == 0 ? 0 : own == 1 ? rank - 1 : own - 1;
  }

  /** One entry an axis, in the order with the channels last; {@code groups} of them in a row. */
  Tensor reordered(Tensor entries, int groups) {
    Tensor result = Tensor.allocate(entries.dtype(), entries.shape());
    long[] perm = toLast();
    for (int group = 0; group < groups; group++) {
      for (int i = 0; i < rank; i++) {
        long from = (long) group * rank + perm[i];
        long to = (long) group * rank + i;
        if (entries.dtype().isFloat()) {
          result.setDouble(to, entries.getDouble(from));
        } else {
          result.setLong(to, entries.getLong(from));
        }
      }
    }
    return result;
  }

  /** A constant that broadcasts to data with channels first, for data with channels last. */
  Tensor relaid(Tensor constant) {
    Shape shape = constant.shape();
    long[] from = new long[rank];
    java.util.Arrays.fill(from, 1);
    System.arraycopy(shape.dims(), 0, from, rank - shape.rank(), shape.rank());
    long[] strides = Shape.of(from).strides();
    long[] perm = toLast();
    long[] to = new long[rank];
    for (int i = 0; i < rank; i++) {
      to[i] = from[(int) perm[i]];
    }
    Tensor result = Tensor.allocate(constant.dtype(), Shape.of(to));
    for (long index = 0; index < result.size(); index++) {
      long rest = index;
      long source = 0;
      for (int i = rank - 1; i >= 0; i--) {
        source += rest % to[i] * strides[(int) perm[i]];
        rest /= to[i];
      }
      if (constant.dtype().isFloat()) {
        result.setDouble(index, constant.getDouble(source));
      } else {
        result.setLong(index, constant.getLong(source));
      }
    }
    return result;
  }
}
