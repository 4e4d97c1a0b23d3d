package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.tensor.DType;

/**
 * Generates {@code void f(source, -, target, -, rows, -, -)}, which copies rows, floats of 16 bits
 * as floats of 32, bytes combined by exclusive or with a constant. Whole vectors are stored, so
 * that rows of the target must have room for them; nothing is read outside of the rows.
 *
 * @param set the registers
 * @param type the elements
 * @param widens whether floats of 16 bits become floats of 32
 * @param flip what each byte is combined with
 * @param columns elements of a row
 * @param sourceStride bytes from one row of the source to the next
 * @param targetStride bytes from one row of the target to the next
 */
record StageCode(
    VectorSet set, DType type, boolean widens, int flip, int columns, Strides strides) {
  /** Bytes from one row to the next. */
  record Strides(long source, long target) {}

  private static final Gpr SOURCE = Gpr.RDI;
  private static final Gpr TARGET = Gpr.RDX;
  private static final Gpr ROWS = Gpr.R8;
  private static final Gpr FROM = Gpr.R10;
  private static final Gpr TO = Gpr.R11;
  private static final Gpr COUNT = Gpr.RCX;
  private static final int FLIPS = 1;

  byte[] generate() {
    Assembler a = new Assembler();
    int lanes = set.length().bytes() / (targetBits() / 8);
    int tail = columns % lanes;
    if (tail > 0 && set == VectorSet.AVX512) {
      a.mov(Gpr.RAX, (1L << tail) - 1);
      a.kmovq(Mask.K1, Gpr.RAX);
    } else if (tail > 0 && type == DType.FLOAT) {
      set.loadTailMask(a, tail);
    }
    if (flip != 0) {
      Vec flips = set.register(FLIPS);
      a.mov(Gpr.RAX, Integer.toUnsignedLong(0x01010101 * flip));
      a.vmovd(flips.as(Vec.Length.XMM), Gpr.RAX);
      a.vbroadcastss(flips, flips.as(Vec.Length.XMM));
    }
    Label row = a.here();
    a.mov(FROM, SOURCE);
    a.mov(TO, TARGET);
    if (columns >= lanes) {
      a.mov(COUNT, columns / lanes);
      Label vector = a.here();
      load(a);
      store(a, value());
      a.add(FROM, (long) lanes * type.bits() / 8);
      a.add(TO, set.length().bytes());
      a.dec(COUNT);
      a.jump(Condition.NOT_EQUAL, vector);
    }
    if (tail > 0) {
      store(a, loadTail(a, tail));
    }
    a.add(SOURCE, strides.source());
    a.add(TARGET, strides.target());
    a.dec(ROWS);
    a.jump(Condition.NOT_EQUAL, row);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  private int targetBits() {
    return widens ? 32 : type.bits();
  }

  private Vec value() {
    return set.register(0);
  }

  private void store(Assembler a, Vec value) {
    if (widens && type == DType.BFLOAT16) {
      a.vpslld(value, value, 16);
    }
    if (flip != 0) {
      a.vpxor(value, value, new Vec(FLIPS, value.length()));
    }
    a.vmovups(Mem.at(TO), value);
  }

  private void load(Assembler a) {
    if (!widens) {
      a.vmovups(value(), Mem.at(FROM));
    } else if (type == DType.FLOAT16) {
      a.vcvtph2ps(value(), Mem.at(FROM));
    } else {
      a.vpmovzxwd(value(), Mem.at(FROM), Modifiers.NONE);
    }
  }

  /** Loads a row's last elements; returns what of the register belongs to the row. */
  private Vec loadTail(Assembler a, int tail) {
    if (set == VectorSet.AVX512) {
      maskedLoad(a);
      return value();
    }
    if (type == DType.FLOAT) {
      set.load(a, value(), Mem.at(FROM), true);
      return value();
    }
    int perHalf = 128 / type.bits();
    Vec low = value().as(Vec.Length.XMM);
    if (tail > perHalf) {
      // The whole half goes to its place at once.
      a.vmovups(low, Mem.at(FROM));
      store(a, low);
      a.add(FROM, 16);
      a.add(TO, 16);
    }
    a.vpxor(low, low, low);
    int rest = tail > perHalf ? tail - perHalf : tail;
    for (int n = 0; n < rest; n++) {
      if (type.bits() == 8) {
        a.vpinsrb(low, Mem.at(FROM, n), n);
      } else {
        a.vpinsrw(low, Mem.at(FROM, 2L * n), n);
      }
    }
    if (widens && type == DType.FLOAT16) {
      a.vcvtph2ps(value(), low);
    } else if (widens) {
      a.vpmovzxwd(value(), low);
    }
    return tail > perHalf ? low : value();
  }

  private void maskedLoad(Assembler a) {
    Modifiers masked = Modifiers.zeroing(Mask.K1);
    if (widens && type == DType.FLOAT16) {
      a.vcvtph2ps(value(), Mem.at(FROM), masked);
    } else if (widens) {
      a.vpmovzxwd(value(), Mem.at(FROM), masked);
    } else {
      switch (type.bits()) {
        case 8 -> a.vmovdqu8(value(), Mem.at(FROM), masked);
        case 16 -> a.vmovdqu16(value(), Mem.at(FROM), masked);
        default -> a.vmovups(value(), Mem.at(FROM), masked);
      }
    }
  }
}
