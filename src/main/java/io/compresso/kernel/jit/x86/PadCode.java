package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.RowPadder;
import io.compresso.tensor.DType;

/**
 * Generates {@code void f(source, target, -, -, rows, padding, -)}, which copies rows as {@link
 * RowPadder} says. The target is written by whole vectors beyond what belongs to a row, before what
 * follows is written.
 *
 * @param set the registers
 * @param shape what is copied
 */
record PadCode(VectorSet set, RowPadder.Shape shape) {
  private static final Gpr SOURCE = Gpr.RDI;
  private static final Gpr TARGET = Gpr.RSI;
  private static final Gpr ROWS = Gpr.R8;
  private static final Gpr PADDING = Gpr.R9;
  private static final Gpr FROM = Gpr.R10;
  private static final Gpr TO = Gpr.R11;
  private static final Gpr COUNT = Gpr.RAX;
  private static final Gpr RUNS = Gpr.RCX;
  private static final Gpr ELEMENT = Gpr.RDX;

  private static final int MOST_UNROLLED = 8;
  private static final int SHORT_RUNS = 4;
  private static final int MOVE = 128;

  byte[] generate() {
    Assembler a = new Assembler();
    Vec first = Vec.xmm(0);
    a.vmovd(first, PADDING);
    a.vbroadcastss(padding(), first);
    if (flips()) {
      a.mov(COUNT, 0x80808080L);
      a.vmovd(Vec.xmm(1), COUNT);
      a.vbroadcastss(flip(), Vec.xmm(1));
    }
    if (set == VectorSet.AVX512) {
      a.mov(COUNT, tailMask());
      a.kmovq(Mask.K1, COUNT);
    }
    Label row = a.here();
    a.mov(FROM, SOURCE);
    a.mov(TO, TARGET);
    fill(a, shape.before() * elementBytes());
    runs(a);
    fill(a, shape.after() * elementBytes());
    a.add(SOURCE, shape.sourceRow() * sourceBytes());
    a.add(TARGET, shape.targetRowBytes());
    a.dec(ROWS);
    a.jump(Condition.NOT_EQUAL, row);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  private int elementBytes() {
    return shape.arithmetic().elementBytes();
  }

  private int sourceBytes() {
    return shape.type().bits() / 8;
  }

  private boolean flips() {
    return shape.type() == DType.INT8;
  }

  /** Elements of a vector of the target. */
  private int lanes() {
    return set.length().bytes() / elementBytes();
  }

  private Vec padding() {
    return set.register(0);
  }

  private Vec flip() {
    return set.register(1);
  }

  private Vec value() {
    return set.register(2);
  }

  /** The mask of the last, partial vector: of elements if they are converted, or else of bytes. */
  private long tailMask() {
    long tail = shape.runs().length() % lanes();
    long bits = isConverted() ? tail : tail * elementBytes();
    return (1L << bits) - 1;
  }

  private boolean isConverted() {
    return sourceBytes() != elementBytes();
  }

  private void fill(Assembler a, long bytes) {
    int vectorBytes = set.length().bytes();
    long vectors = Math.ceilDiv(bytes, vectorBytes);
    if (vectors <= MOST_UNROLLED) {
      for (int i = 0; i < vectors; i++) {
        a.vmovups(Mem.at(TO, (long) i * vectorBytes), padding());
      }
      a.add(TO, bytes);
      return;
    }
    a.mov(COUNT, vectors);
    Label next = a.here();
    a.vmovups(Mem.at(TO), padding());
    a.add(TO, vectorBytes);
    a.dec(COUNT);
    a.jump(Condition.NOT_EQUAL, next);
    a.add(TO, bytes - vectors * vectorBytes);
  }

  private void runs(Assembler a) {
    RowPadder.Runs runs = shape.runs();
    if (runs.count() <= 1) {
      if (runs.count() == 1) {
        copy(a);
      }
      return;
    }
    if (isShort()) {
      shortRuns(a);
      return;
    }
    a.mov(RUNS, runs.count());
    Label next = a.here();
    long passed = copy(a);
    a.add(FROM, (runs.distance() - passed) * sourceBytes());
    a.dec(RUNS);
    a.jump(Condition.NOT_EQUAL, next);
  }

  /** Whether runs are no longer than a vector, which some registers have room for as a whole. */
  private boolean isShort() {
    long bytes = shape.runs().length() * elementBytes();
    return !isConverted()
        && bytes <= set.length().bytes()
        && (set == VectorSet.AVX512 || bytes == shortLength().bytes());
  }

  /** The shortest vector that holds a run. */
  private Vec.Length shortLength() {
    long bytes = shape.runs().length() * elementBytes();
    return bytes <= 16 ? Vec.Length.XMM : bytes <= 32 ? Vec.Length.YMM : Vec.Length.ZMM;
  }

  private void shortRuns(Assembler a) {
    RowPadder.Runs runs = shape.runs();
    long rounds = runs.count() / SHORT_RUNS;
    if (rounds > 0) {
      a.mov(RUNS, rounds);
      Label next = a.here();
      shortRuns(a, SHORT_RUNS);
      a.dec(RUNS);
      a.jump(Condition.NOT_EQUAL, next);
    }
    shortRuns(a, (int) (runs.count() % SHORT_RUNS));
  }

  private void shortRuns(Assembler a, int count) {
    RowPadder.Runs runs = shape.runs();
    long length = runs.length() * elementBytes();
    Vec.Length vector = shortLength();
    for (int i = 0; i < count; i++) {
      Mem source = Mem.at(FROM, i * runs.distance() * sourceBytes());
      Vec value = value().as(vector);
      if (length == vector.bytes()) {
        a.vmovups(value, source);
      } else {
        a.vmovdqu8(value, source, Modifiers.zeroing(Mask.K1));
      }
      if (flips()) {
        a.vpxor(value, value, flip().as(vector));
      }
      a.vmovups(Mem.at(TO, i * length), value);
    }
    a.add(FROM, count * runs.distance() * sourceBytes());
    a.add(TO, count * length);
  }

  /** Copies a run; returns how many of its elements the source's register has passed. */
  private long copy(Assembler a) {
    long length = shape.runs().length();
    int lanes = lanes();
    long vectors = length / lanes;
    int tail = (int) (length % lanes);
    long done = 0;
    if (vectors > MOST_UNROLLED) {
      long rounds = vectors / MOST_UNROLLED;
      a.mov(COUNT, rounds);
      Label next = a.here();
      for (int i = 0; i < MOST_UNROLLED; i++) {
        vector(a, (long) i * lanes, Modifiers.NONE);
      }
      a.add(FROM, (long) MOST_UNROLLED * lanes * sourceBytes());
      a.add(TO, (long) MOST_UNROLLED * lanes * elementBytes());
      a.dec(COUNT);
      a.jump(Condition.NOT_EQUAL, next);
      done = rounds * MOST_UNROLLED;
    }
    long rest = vectors - done;
    for (int i = 0; i < rest; i++) {
      vector(a, (long) i * lanes, Modifiers.NONE);
    }
    if (tail > 0) {
      if (set == VectorSet.AVX512) {
        vector(a, rest * lanes, Modifiers.zeroing(Mask.K1));
      } else if (vectors > 0) {
        vector(a, rest * lanes + tail - lanes, Modifiers.NONE);
      } else {
        for (int i = 0; i < tail; i++) {
          element(a, i);
        }
      }
    }
    a.add(TO, (rest * lanes + tail) * elementBytes());
    return done * lanes;
  }

  /** Copies a vector from the given element on. */
  private void vector(Assembler a, long element, Modifiers modifiers) {
    Mem source = Mem.at(FROM, element * sourceBytes());
    Mem target = Mem.at(TO, element * elementBytes());
    Vec value = value();
    if (shape.type() == DType.FLOAT16) {
      if (modifiers.equals(Modifiers.NONE)) {
        a.vcvtph2ps(value, source);
      } else {
        a.vcvtph2ps(value, source, modifiers);
      }
    } else if (shape.arithmetic() == Arithmetic.WORDS) {
      // Bytes are moved before they are widened, so that no bits spill.
      if (flips()) {
        a.vmovups(value.as(Vec.Length.XMM), source);
        a.vpxor(value.as(Vec.Length.XMM), value.as(Vec.Length.XMM), flip().as(Vec.Length.XMM));
        a.vpmovzxbw(value, value.as(Vec.Length.XMM));
      } else {
        a.vpmovzxbw(value, source);
      }
    } else {
      if (modifiers.equals(Modifiers.NONE)) {
        a.vmovups(value, source);
      } else {
        a.vmovdqu8(value, source, modifiers);
      }
      if (flips()) {
        a.vpxor(value, value, flip());
      }
    }
    a.vmovups(target, value);
  }

  /** Copies one element, where a row has less than a vector of them. */
  private void element(Assembler a, int index) {
    Mem source = Mem.at(FROM, (long) index * sourceBytes());
    Mem target = Mem.at(TO, (long) index * elementBytes());
    Vec first = value().as(Vec.Length.XMM);
    switch (shape.type()) {
      case FLOAT16 -> {
        a.vpxor(first, first, first);
        a.vpinsrw(first, source, 0);
        a.vcvtph2ps(first, first);
        a.vmovd(target, first);
      }
      case FLOAT -> {
        a.vbroadcastss(first, source);
        a.vmovd(target, first);
      }
      default -> {
        a.movzxByte(ELEMENT, source);
        if (flips()) {
          a.add(ELEMENT, MOVE);
          a.movzxByte(ELEMENT, ELEMENT);
        }
        if (shape.arithmetic() == Arithmetic.WORDS) {
          a.movWord(target, ELEMENT);
        } else {
          a.movByte(target, ELEMENT);
        }
      }
    }
  }
}
