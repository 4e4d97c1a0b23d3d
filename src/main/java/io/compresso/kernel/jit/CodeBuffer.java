package io.compresso.kernel.jit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Bytes of machine code under construction, with labels for relative jumps. */
public final class CodeBuffer {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final List<Fixup> fixups = new ArrayList<>();
  private byte[] bytes = new byte[1024];
  private int size;

  /** A place in the code, bound once. */
  public static final class Label {
    private int position = -1;
  }

  /** A place that depends on the distance to a label. */
  private record Fixup(int position, Label target, Field field) {
    /** Completes {@code word}, the four bytes at the place. */
    int apply(int word) {
      return field.apply(word, target.position - position);
    }
  }

  /** How four bytes of code express a distance. */
  private sealed interface Field {
    /**
     * @param distance bytes from the first of the four to the label
     */
    int apply(int word, int distance);
  }

  /** A 32-bit displacement, relative to its own end. */
  private record Displacement() implements Field {
    @Override
    public int apply(int word, int distance) {
      return distance - 4;
    }
  }

  /** Some bits of an instruction of four bytes, which count instructions from its own begin. */
  private record InstructionField(int shift, int bits) implements Field {
    @Override
    public int apply(int word, int distance) {
      int instructions = distance / 4;
      int half = 1 << (bits - 1);
      if (instructions < -half || instructions >= half) {
        throw new IllegalStateException("a label is too far away: " + distance + " bytes");
      }
      return word | (instructions & ((1 << bits) - 1)) << shift;
    }
  }

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
    fixups.add(new Fixup(size, target, new Displacement()));
    int32(0);
  }

  /**
   * Writes an instruction of four bytes, of which {@code bits} bits from bit {@code shift} on count
   * the instructions from itself to {@code target}.
   *
   * @param instruction the instruction with zeroes there
   */
  public void relativeInstruction(int instruction, int shift, int bits, Label target) {
    fixups.add(new Fixup(size, target, new InstructionField(shift, bits)));
    int32(instruction);
  }

  /** Binds {@code label} to the place after what is written. */
  public void bind(Label label) {
    if (label.position >= 0) {
      throw new IllegalStateException("label is bound twice");
    }
    label.position = size;
  }

  /**
   * The code with all labels resolved.
   *
   * @throws IllegalStateException if a label is not bound or too far away for an instruction
   */
  public byte[] toBytes() {
    byte[] code = Arrays.copyOf(bytes, size);
    for (Fixup fixup : fixups) {
      if (fixup.target.position < 0) {
        throw new IllegalStateException("label is not bound");
      }
      int at = fixup.position;
      INT.set(code, at, fixup.apply((int) INT.get(code, at)));
    }
    return code;
  }
}
