package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Data of 4 or 8 bits that are quantized in blocks along one axis: {@code (q - zero point) *
 * scale}.
 *
 * @param data {@code INT4}, {@code UINT4}, or {@code UINT8}: bytes, or pairs of 4 bits along the
 *     last axis, low bits first
 * @param scales one for each block, with as many axes as the data
 * @param zeroPoints stored like the data, null for {@code zeroPoint}
 * @param zeroPoint the zero point of all blocks
 * @param bits of an element
 * @param shape the shape of the elements
 * @param axis the axis along which blocks lie
 * @param block elements of a block
 */
record BlockTable(
    Tensor data,
    Tensor scales,
    @Nullable Tensor zeroPoints,
    int zeroPoint,
    int bits,
    Shape shape,
    int axis,
    long block) {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /**
   * Checks the operands' shapes.
   *
   * @return what is wrong, empty when nothing is
   */
  static String obstacle(
      Shape data, Shape scales, @Nullable Shape zeroPoints, int perByte, int axis, long block) {
    int rank = data.rank();
    Shape expected = data.with(axis, Math.ceilDiv(data.dim(axis), block));
    if (!scales.equals(expected)) {
      return "scales of shape " + scales + ", not " + expected;
    }
    Shape zeros = scales.with(rank - 1, Math.ceilDiv(scales.dim(rank - 1), perByte));
    return zeroPoints == null || zeroPoints.equals(zeros)
        ? ""
        : "zero points of shape " + zeroPoints + ", not " + zeros;
  }

  /** Writes {@code count} elements from the flat index {@code first} on as floats. */
  void dequantize(long first, long count, MemorySegment target, long targetByte) {
    long inner = shape.size(axis + 1, shape.rank());
    long size = shape.dim(axis);
    long blocks = Math.ceilDiv(size, block);
    long at = first;
    long to = targetByte;
    while (at < first + count) {
      long along = at / inner % size;
      long outer = at / inner / size;
      long scale = (outer * blocks + along / block) * inner + at % inner;
      // With no axis behind, the elements of a block follow one another.
      long left = inner > 1 ? 1 : Math.min(block - along % block, size - along);
      long end = Math.min(at + left, first + count);
      float factor = scales.getFloat(scale);
      int zero = zero(scale);
      for (; at < end; at++, to += Float.BYTES) {
        target.set(FLOAT, to, (element(data, at) - zero) * factor);
      }
    }
  }

  private int zero(long scale) {
    if (zeroPoints == null) {
      return zeroPoint;
    }
    if (data.dtype() != DType.UINT8 || bits == 8) {
      return (int) zeroPoints.getLong(scale);
    }
    long row = scales.shape().dim(-1);
    long rowBytes = zeroPoints.shape().dim(-1);
    return element(zeroPoints, scale / row * rowBytes * 2 + scale % row);
  }

  private int element(Tensor tensor, long index) {
    MemorySegment bytes = tensor.segment();
    if (bits == 8) {
      return Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, index));
    }
    int field = bytes.get(ValueLayout.JAVA_BYTE, index >> 1) >> (index & 1) * 4 & 15;
    return data.dtype() == DType.INT4 ? field << 28 >> 28 : field;
  }
}
