package io.compresso.kernel.jit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Bytes of machine code under construction, with labels for relative jumps. */
public final class CodeBuffer {
  private final List<Fixup> fixups = new ArrayList<>();
  private byte[] bytes = new byte[1024];
  private int size;

  /** A place in the code, bound once. */
  public static final class Label {
    private int position = -1;
  }

  /** A 32-bit displacement, relative to its own end. */
  private record Fixup(int position, Label target) {}

  /** Bytes written so far. */
  public int size() {
    return size;
  }

  public void int8(int value) {
    if (size == bytes.length) {
      bytes = Arrays.copyOf(bytes, 2 * size);
    }
    bytes[size++] = (byte) value;
  }

  public void int32(int value) {
    for (int shift = 0; shift < 32; shift += 8) {
      int8(value >> shift);
    }
  }

  public void int64(long value) {
    int32((int) value);
    int32((int) (value >> 32));
  }

  /** Writes the distance from the end of these four bytes to {@code target}. */
  public void relative32(Label target) {
    fixups.add(new Fixup(size, target));
    int32(0);
  }

  /** Binds {@code label} to the place after what is written. */
  public void bind(Label label) {
    if (label.position >= 0) {
      throw new IllegalStateException("label is bound twice");
    }
    label.position = size;
  }

  /** The code with all labels resolved. */
  public byte[] toBytes() {
    byte[] code = Arrays.copyOf(bytes, size);
    for (Fixup fixup : fixups) {
      if (fixup.target.position < 0) {
        throw new IllegalStateException("label is not bound");
      }
      int distance = fixup.target.position - (fixup.position + 4);
      for (int i = 0; i < 4; i++) {
        code[fixup.position + i] = (byte) (distance >> (8 * i));
      }
    }
    return code;
  }
}
