package io.compresso.kernel.nhwc;

import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Pads rows in Java. */
public record PortablePadder(RowPadder.Shape shape) implements RowPadder {
  private static final int MOVE = 0x80;

  @Override
  public void copy(
      MemorySegment source,
      long sourceAt,
      MemorySegment target,
      long targetAt,
      int rows,
      int padding) {
    long sourceBytes = shape.type().bits() / 8;
    int elementBytes = shape.arithmetic().elementBytes();
    Runs runs = shape.runs();
    for (int row = 0; row < rows; row++) {
      long from = sourceAt + row * shape.sourceRow() * sourceBytes;
      long to = targetAt + row * shape.targetRowBytes();
      fill(target, to, shape.before(), padding);
      to += shape.before() * elementBytes;
      for (long run = 0; run < runs.count(); run++) {
        copy(source, from + run * runs.distance() * sourceBytes, target, to);
        to += runs.length() * elementBytes;
      }
      fill(target, to, shape.after(), padding);
    }
  }

  private void copy(MemorySegment source, long from, MemorySegment target, long to) {
    long length = shape.runs().length();
    switch (shape.type()) {
      case FLOAT16 -> {
        for (long i = 0; i < length; i++) {
          short bits = source.get(ValueLayout.JAVA_SHORT_UNALIGNED, from + 2 * i);
          target.set(ValueLayout.JAVA_FLOAT_UNALIGNED, to + 4 * i, Float.float16ToFloat(bits));
        }
      }
      case INT8 -> {
        for (long i = 0; i < length; i++) {
          byte value = source.get(ValueLayout.JAVA_BYTE, from + i);
          target.set(ValueLayout.JAVA_BYTE, to + i, (byte) (value ^ MOVE));
        }
      }
      default ->
          MemorySegment.copy(source, from, target, to, length * shape.arithmetic().elementBytes());
    }
  }

  @Override
  public void fill(MemorySegment target, long targetAt, int rows, int padding) {
    long row = shape.targetRowBytes() / shape.arithmetic().elementBytes();
    fill(target, targetAt, rows * row, padding);
  }

  /** Floats are padded with 0, bytes with the byte; there is no other arithmetic in Java. */
  private void fill(MemorySegment target, long at, long count, int padding) {
    byte value = shape.type().isFloat() ? 0 : (byte) padding;
    target.asSlice(at, count * shape.arithmetic().elementBytes()).fill(value);
  }

  /** Whether the padder takes elements of the type for the arithmetic. */
  public static boolean takes(DType type, Arithmetic arithmetic) {
    return arithmetic == Arithmetic.FLOATS
        ? type == DType.FLOAT || type == DType.FLOAT16
        : arithmetic.elementBytes() == 1 && type.bits() == 8;
  }

  @Override
  public void close() {}
}
