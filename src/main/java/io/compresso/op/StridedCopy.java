package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Copies elements between tensors of one type, whatever the type: runs, and boxes with a step on
 * each axis on either side. All operators that only move elements are made of these two.
 */
final class StridedCopy {
  /**
   * Edge of the square tiles in which two axes that both sides walk in another order are copied.
   */
  private static final int TILE = 16;

  private StridedCopy() {}

  /** Copies {@code count} consecutive elements. */
  static void run(Tensor from, long fromIndex, Tensor to, long toIndex, long count) {
    DType dtype = from.dtype();
    if (dtype.bits() >= 8) {
      int width = dtype.bits() / 8;
      MemorySegment.copy(
          from.segment(), fromIndex * width, to.segment(), toIndex * width, count * width);
    } else {
      for (long i = 0; i < count; i++) {
        element(from, fromIndex + i, to, toIndex + i);
      }
    }
  }

  /** Copies one element. */
  static void element(Tensor from, long fromIndex, Tensor to, long toIndex) {
    DType dtype = from.dtype();
    if (dtype == DType.STRING) {
      to.setString(toIndex, from.getString(fromIndex));
    } else if (dtype.bits() >= 8) {
      run(from, fromIndex, to, toIndex, 1);
    } else if (dtype.isFloat()) {
      to.setDouble(toIndex, from.getDouble(fromIndex));
    } else {
      to.setLong(toIndex, from.getLong(fromIndex));
    }
  }

  /** Sets {@code count} elements of {@code to} to one element of {@code from}. */
  static void fill(Tensor from, long fromIndex, Tensor to, long toIndex, long count) {
    if (count == 0) {
      return;
    }
    element(from, fromIndex, to, toIndex);
    long done = 1;
    while (done < count) {
      long next = Math.min(done, count - done);
      run(to, toIndex, to, toIndex + done, next);
      done += next;
    }
  }

  /**
   * Copies a box of {@code dims} elements. Strides are in elements, may be 0 or negative on the
   * side that is read.
   */
  static void box(
      Tensor from,
      long fromIndex,
      long[] fromStrides,
      Tensor to,
      long toIndex,
      long[] toStrides,
      long[] dims) {
    int rank = 0;
    long[] size = new long[dims.length];
    long[] source = new long[dims.length];
    long[] target = new long[dims.length];
    for (int axis = 0; axis < dims.length; axis++) {
      if (dims[axis] == 0) {
        return;
      }
      if (dims[axis] == 1) {
        continue;
      }
      if (rank > 0
          && source[rank - 1] == fromStrides[axis] * dims[axis]
          && target[rank - 1] == toStrides[axis] * dims[axis]) {
        size[rank - 1] *= dims[axis];
        source[rank - 1] = fromStrides[axis];
        target[rank - 1] = toStrides[axis];
      } else {
        size[rank] = dims[axis];
        source[rank] = fromStrides[axis];
        target[rank++] = toStrides[axis];
      }
    }
    if (rank == 0) {
      element(from, fromIndex, to, toIndex);
      return;
    }
    new Walk(from, to, rank, size, source, target).copy(0, fromIndex, toIndex);
  }

  private record Walk(Tensor from, Tensor to, int rank, long[] size, long[] source, long[] target) {

    void copy(int axis, long fromIndex, long toIndex) {
      if (axis == rank - 1) {
        line(fromIndex, toIndex, size[axis], source[axis], target[axis]);
      } else if (axis == rank - 2 && source[axis + 1] != 1 && size[axis] > 1) {
        plane(axis, fromIndex, toIndex);
      } else {
        for (long i = 0; i < size[axis]; i++) {
          copy(axis + 1, fromIndex + i * source[axis], toIndex + i * target[axis]);
        }
      }
    }

    private void plane(int axis, long fromIndex, long toIndex) {
      for (long i = 0; i < size[axis]; i += TILE) {
        long rows = Math.min(TILE, size[axis] - i);
        for (long j = 0; j < size[axis + 1]; j += TILE) {
          long columns = Math.min(TILE, size[axis + 1] - j);
          for (long row = i; row < i + rows; row++) {
            line(
                fromIndex + row * source[axis] + j * source[axis + 1],
                toIndex + row * target[axis] + j * target[axis + 1],
                columns,
                source[axis + 1],
                target[axis + 1]);
          }
        }
      }
    }

    private void line(long fromIndex, long toIndex, long count, long step, long toStep) {
      if (step == 1 && toStep == 1) {
        run(from, fromIndex, to, toIndex, count);
        return;
      }
      if (step == 0 && toStep == 1) {
        fill(from, fromIndex, to, toIndex, count);
        return;
      }
      MemorySegment x = from.segment();
      MemorySegment y = to.segment();
      switch (from.dtype().bits()) {
        case 8 -> {
          for (long i = 0; i < count; i++) {
            y.set(
                ValueLayout.JAVA_BYTE,
                toIndex + i * toStep,
                x.get(ValueLayout.JAVA_BYTE, fromIndex + i * step));
          }
        }
        case 16 -> {
          for (long i = 0; i < count; i++) {
            y.set(
                ValueLayout.JAVA_SHORT_UNALIGNED,
                (toIndex + i * toStep) * 2,
                x.get(ValueLayout.JAVA_SHORT_UNALIGNED, (fromIndex + i * step) * 2));
          }
        }
        case 32 -> {
          for (long i = 0; i < count; i++) {
            y.set(
                ValueLayout.JAVA_INT_UNALIGNED,
                (toIndex + i * toStep) * 4,
                x.get(ValueLayout.JAVA_INT_UNALIGNED, (fromIndex + i * step) * 4));
          }
        }
        case 64 -> {
          for (long i = 0; i < count; i++) {
            y.set(
                ValueLayout.JAVA_LONG_UNALIGNED,
                (toIndex + i * toStep) * 8,
                x.get(ValueLayout.JAVA_LONG_UNALIGNED, (fromIndex + i * step) * 8));
          }
        }
        default -> {
          for (long i = 0; i < count; i++) {
            element(from, fromIndex + i * step, to, toIndex + i * toStep);
          }
        }
      }
    }
  }
}
