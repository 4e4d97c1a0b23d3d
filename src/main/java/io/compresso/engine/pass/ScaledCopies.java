package io.compresso.engine.pass;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Copies stretches of one tensor of floats to the same place of another of as many, multiplied in
 * double precision and rounded to single precision, and then to what the other holds.
 */
final class ScaledCopies {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final int MOST = 1 << 12;

  private final Tensor from;
  private final Tensor to;
  private final boolean doubles;
  private final float[] floats = new float[MOST];
  private final short[] shorts;

  /** For floats of any type; doubles stay doubles. */
  ScaledCopies(Tensor from, Tensor to) {
    this.from = from;
    this.to = to;
    this.doubles = from.dtype() == DType.DOUBLE;
    boolean halves = from.dtype() == DType.FLOAT16 || to.dtype() == DType.FLOAT16;
    this.shorts = new short[halves ? MOST : 0];
  }

  /** Multiplies {@code count} elements from {@code at} on by one factor. */
  void copy(long at, long count, double factor) {
    for (long done = 0; done < count; done += MOST) {
      int here = (int) Math.min(MOST, count - done);
      if (doubles) {
        for (long i = at + done; i < at + done + here; i++) {
          to.setDouble(i, from.getDouble(i) * factor);
        }
        continue;
      }
      read(at + done, here);
      for (int i = 0; i < here; i++) {
        floats[i] = (float) (floats[i] * factor);
      }
      write(at + done, here);
    }
  }

  /** Multiplies {@code count} elements from {@code at} on, each by a factor of its own. */
  void copy(long at, int count, double[] factors, int first) {
    for (int done = 0; done < count; done += MOST) {
      int here = Math.min(MOST, count - done);
      if (doubles) {
        for (int i = done; i < done + here; i++) {
          to.setDouble(at + i, from.getDouble(at + i) * factors[first + i]);
        }
        continue;
      }
      read(at + done, here);
      for (int i = 0; i < here; i++) {
        floats[i] = (float) (floats[i] * factors[first + done + i]);
      }
      write(at + done, here);
    }
  }

  private void read(long at, int count) {
    MemorySegment segment = from.segment();
    switch (from.dtype()) {
      case FLOAT -> MemorySegment.copy(segment, FLOAT, 4 * at, floats, 0, count);
      case FLOAT16 -> {
        MemorySegment.copy(segment, SHORT, 2 * at, shorts, 0, count);
        for (int i = 0; i < count; i++) {
          floats[i] = Float.float16ToFloat(shorts[i]);
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          floats[i] = from.getFloat(at + i);
        }
      }
    }
  }

  private void write(long at, int count) {
    MemorySegment segment = to.segment();
    switch (to.dtype()) {
      case FLOAT -> MemorySegment.copy(floats, 0, segment, FLOAT, 4 * at, count);
      case FLOAT16 -> {
        for (int i = 0; i < count; i++) {
          shorts[i] = Float.floatToFloat16(floats[i]);
        }
        MemorySegment.copy(shorts, 0, segment, SHORT, 2 * at, count);
      }
      default -> {
        for (int i = 0; i < count; i++) {
          to.setFloat(at + i, floats[i]);
        }
      }
    }
  }
}
