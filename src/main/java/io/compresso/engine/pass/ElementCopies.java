package io.compresso.engine.pass;

import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Stretches of a tensor's elements, as bits in an array: those of 8, 16 or 32 bits each, whatever
 * they mean.
 */
final class ElementCopies {
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  /** The elements that were read last, or are to be written. */
  final int[] bits;

  private final MemorySegment segment;
  private final int elementBits;
  private final byte[] bytes;
  private final short[] shorts;

  /**
   * @param most elements at a time
   */
  ElementCopies(Tensor tensor, int most) {
    this.segment = tensor.segment();
    this.elementBits = tensor.dtype().bits();
    this.bits = new int[most];
    this.bytes = new byte[elementBits == 8 ? most : 0];
    this.shorts = new short[elementBits == 16 ? most : 0];
  }

  /** Whether elements of a tensor are of a size that can be copied. */
  static boolean takes(Tensor tensor) {
    int bits = tensor.dtype().bits();
    return bits == 8 || bits == 16 || bits == 32;
  }

  /** Reads {@code count} elements. */
  void read(long from, int count) {
    switch (elementBits) {
      case 8 -> {
        MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, from, bytes, 0, count);
        for (int i = 0; i < count; i++) {
          bits[i] = bytes[i];
        }
      }
      case 16 -> {
        MemorySegment.copy(segment, SHORT, 2 * from, shorts, 0, count);
        for (int i = 0; i < count; i++) {
          bits[i] = shorts[i];
        }
      }
      default -> MemorySegment.copy(segment, INT, 4 * from, bits, 0, count);
    }
  }

  /** Writes {@code count} elements. */
  void write(long to, int count) {
    switch (elementBits) {
      case 8 -> {
        for (int i = 0; i < count; i++) {
          bytes[i] = (byte) bits[i];
        }
        MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, to, count);
      }
      case 16 -> {
        for (int i = 0; i < count; i++) {
          shorts[i] = (short) bits[i];
        }
        MemorySegment.copy(shorts, 0, segment, SHORT, 2 * to, count);
      }
      default -> MemorySegment.copy(bits, 0, segment, INT, 4 * to, count);
    }
  }
}
