package io.compresso.kernel.jit.arm;

import io.compresso.kernel.jit.arm.Vec.Shape;

/** Loads and stores of parts of a register, which touch no other memory. */
final class Tails {
  private Tails() {}

  /**
   * Loads the first {@code bytes} bytes of a register; the others become 0.
   *
   * @param bytes from 1 to 16
   * @param scratch a register that is changed, not {@code base}
   */
  static void load(Assembler a, Vec target, Reg base, int offset, int bytes, Reg scratch) {
    int done = Integer.highestOneBit(bytes);
    a.ldr(target.as(scalar(done)), Mem.at(base, offset));
    while (done < bytes) {
      int part = Integer.highestOneBit(bytes - done);
      a.add(scratch, base, offset + done, scratch);
      a.ld1(target.as(elements(part)).at(done / part), scratch);
      done += part;
    }
  }

  /** Stores the first {@code bytes} bytes of a register; as {@link #load}. */
  static void store(Assembler a, Vec source, Reg base, int offset, int bytes, Reg scratch) {
    int done = Integer.highestOneBit(bytes);
    a.str(source.as(scalar(done)), Mem.at(base, offset));
    while (done < bytes) {
      int part = Integer.highestOneBit(bytes - done);
      a.add(scratch, base, offset + done, scratch);
      a.st1(source.as(elements(part)).at(done / part), scratch);
      done += part;
    }
  }

  private static Shape scalar(int bytes) {
    return switch (bytes) {
      case 1 -> Shape.B;
      case 2 -> Shape.H;
      case 4 -> Shape.S;
      case 8 -> Shape.D;
      default -> Shape.Q;
    };
  }

  private static Shape elements(int bytes) {
    return switch (bytes) {
      case 1 -> Shape.B16;
      case 2 -> Shape.H8;
      case 4 -> Shape.S4;
      default -> Shape.D2;
    };
  }
}
