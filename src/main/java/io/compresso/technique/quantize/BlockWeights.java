package io.compresso.technique.quantize;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;

/**
 * Quantized weights of a layer.
 *
 * @param integers {@code [rows, depth]}
 * @param bits of an integer, 4 or 8
 * @param symmetric whether the integers are signed and zero points are 0
 */
record BlockWeights(WeightMatrix matrix, Grid grid, int[] integers, int bits, boolean symmetric) {
  DType dtype() {
    return bits == 4
        ? (symmetric ? DType.INT4 : DType.UINT4)
        : (symmetric ? DType.INT8 : DType.UINT8);
  }

  /** The integers as {@code [depth, rows]}, the second operand of a product. */
  Tensor transposed() {
    Tensor tensor = Tensor.allocate(dtype(), Shape.of(matrix.depth(), matrix.rows()));
    for (int r = 0; r < matrix.rows(); r++) {
      for (int k = 0; k < matrix.depth(); k++) {
        tensor.setLong((long) k * matrix.rows() + r, integers[r * matrix.depth() + k]);
      }
    }
    return tensor;
  }

  /** The integers in the order of the rows. */
  Tensor inOrder(Shape shape) {
    Tensor tensor = Tensor.allocate(dtype(), shape);
    for (int i = 0; i < integers.length; i++) {
      tensor.setLong(i, integers[i]);
    }
    return tensor;
  }

  /** The scales as {@code [blocks, rows]}, or {@code [rows]} when a row is one block. */
  Tensor scales(boolean blocked) {
    float[] turned = new float[grid.scales().length];
    for (int i = 0; i < turned.length; i++) {
      turned[turnedIndex(i)] = grid.scales()[i];
    }
    return Tensor.ofFloats(scaleShape(blocked), turned);
  }

  /** The zero points in the order of {@link #scales}. */
  Tensor zeros(boolean blocked) {
    Tensor zeros = Tensor.allocate(dtype(), scaleShape(blocked));
    for (int i = 0; i < grid.zeros().length; i++) {
      zeros.setLong(turnedIndex(i), grid.zeros()[i]);
    }
    return zeros;
  }

  private int turnedIndex(int i) {
    return i % grid.blocks() * matrix.rows() + i / grid.blocks();
  }

  private Shape scaleShape(boolean blocked) {
    return blocked ? Shape.of(grid.blocks(), matrix.rows()) : Shape.of(matrix.rows());
  }

  /** The integers as MatMulNBits packs them: {@code [rows, blocks, bytes of a block]}. */
  Tensor packed() {
    int bytes = grid.block() * bits / 8;
    Tensor tensor = Tensor.allocate(DType.UINT8, Shape.of(matrix.rows(), grid.blocks(), bytes));
    for (int r = 0; r < matrix.rows(); r++) {
      for (int k = 0; k < grid.blocks() * grid.block(); k++) {
        int at = r * grid.blocks() + k / grid.block();
        int value =
            k < matrix.depth()
                ? integers[r * matrix.depth() + k] + offset()
                : grid.zeros()[at] + offset();
        set(tensor, (long) at * bytes, k % grid.block(), value);
      }
    }
    return tensor;
  }

  /** The zero points as MatMulNBits packs them, each row from a byte of its own. */
  Tensor packedZeros() {
    int bytes = Math.ceilDiv(grid.blocks() * bits, 8);
    Tensor tensor = Tensor.allocate(DType.UINT8, Shape.of((long) matrix.rows() * bytes));
    for (int i = 0; i < grid.zeros().length; i++) {
      set(
          tensor,
          (long) (i / grid.blocks()) * bytes,
          i % grid.blocks(),
          grid.zeros()[i] + offset());
    }
    return tensor;
  }

  /** What makes an integer unsigned. */
  private int offset() {
    return symmetric ? 1 << bits - 1 : 0;
  }

  private void set(Tensor bytes, long from, int field, int value) {
    long bit = (long) field * bits;
    long at = from + bit / 8;
    bytes.setLong(at, bytes.getLong(at) | (long) value << bit % 8);
  }

  /** What the weights take, with their scales and zero points. */
  long bytes() {
    long zeros = symmetric ? 0 : (grid.zeros().length * (long) bits + 7) / 8;
    return (integers.length * (long) bits + 7) / 8 + 4L * grid.scales().length + zeros;
  }
}
