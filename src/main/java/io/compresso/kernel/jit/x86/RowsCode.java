package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;

/**
 * The skeleton of code that streams over rows: {@code void f(a, b, c, constants, rows, columns,
 * strides, extra)} with {@code rows} and {@code columns} from 1 on. {@code strides} are four 64-bit
 * numbers: bytes from one row to the next of {@code a}, {@code b}, {@code c} and {@code constants};
 * after them lie {@value #EXTRAS} extra values of 32 bits.
 *
 * <p>A row is passed over one or more times; a pass has an unrolled loop, a loop over single
 * registers and a masked tail.
 */
abstract class RowsCode {
  static final Gpr A = Gpr.RDI;
  static final Gpr B = Gpr.RSI;
  static final Gpr C = Gpr.RDX;
  static final Gpr CONSTANTS = Gpr.RCX;

  /** The number of the element that a pass is at. */
  static final Gpr INDEX = Gpr.R10;

  static final Gpr MATH = Gpr.RBX;

  /** Free for rows, once the limits of the passes are known. */
  static final Gpr FREE = Gpr.R9;

  private static final Gpr ROWS = Gpr.R8;
  private static final Gpr COLUMNS = FREE;
  private static final Gpr STRIDES = Gpr.R11;
  private static final Gpr LIMIT = Gpr.R12;
  static final Gpr TAIL = Gpr.R13;
  private static final Gpr COUNTER = Gpr.RBP;
  private static final Gpr ADDRESS = Gpr.R14;
  private static final Gpr UNROLLED_LIMIT = Gpr.R15;
  private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};
  private static final int STRIDES_ARGUMENT = 8 + 8 * SAVED.length;

  final ElementAssembler a = new ElementAssembler();
  final VectorSet set;
  final Lanes lanes;
  private final int laneBytes;
  private final int unroll;

  /** 32-bit values that a kernel may give to its code. */
  static final int EXTRAS = 8;

  /** Where they begin, in bytes after the strides. */
  static final long EXTRAS_AT = 32;

  /** Says all that generated code depends on, by {@code equals}, and makes it. */
  interface Source {
    RowsCode create();
  }

  /** What a pass does with the elements at {@link #INDEX}. */
  @FunctionalInterface
  interface Body {
    /**
     * Emits the work on one register.
     *
     * @param step which of the unrolled ones it is
     * @param tail whether it is the masked tail
     */
    void emit(int step, boolean tail);
  }

  /** What a pass does with several registers from {@link #INDEX} on. */
  @FunctionalInterface
  interface BlockBody {
    void emit(int steps, boolean tail);
  }

  /**
   * @param unroll registers of one turn of the unrolled loop, a power of two
   */
  RowsCode(VectorSet set, int unroll) {
    this(set, Float.BYTES, unroll);
  }

  /**
   * @param laneBytes 4, or 1 for code that works on bytes as they lie
   * @param unroll registers of one turn of the unrolled loop, a power of two
   */
  RowsCode(VectorSet set, int laneBytes, int unroll) {
    this.set = set;
    this.laneBytes = laneBytes;
    this.unroll = unroll;
    this.lanes = new Lanes(a, set, TAIL, COUNTER, ADDRESS);
  }

  /** Emits what is done once. */
  abstract void prologue();

  /** Emits what is done for a row. */
  abstract void row();

  /** The operand of the argument after the strides. */
  static Mem lastArgument() {
    return Mem.at(Gpr.RSP, STRIDES_ARGUMENT + 8);
  }

  /** Elements of a register. */
  final int width() {
    return set.length().bytes() / laneBytes;
  }

  final Vec register(int number) {
    return set.register(number);
  }

  /** The operand of an extra value. */
  final Mem extra(int index) {
    return Mem.at(STRIDES, EXTRAS_AT + 4L * index);
  }

  /** The operand of the elements that a step is at. */
  final Mem at(Gpr base, int elementBytes, int step) {
    return Mem.at(base, INDEX, elementBytes, (long) step * width() * elementBytes);
  }

  final byte[] generate() {
    for (Gpr register : SAVED) {
      a.push(register);
    }
    a.mov(STRIDES, Mem.at(Gpr.RSP, STRIDES_ARGUMENT));
    a.mov(TAIL, COLUMNS);
    a.and(TAIL, width() - 1);
    a.mov(LIMIT, COLUMNS);
    a.and(LIMIT, -width());
    a.mov(UNROLLED_LIMIT, COLUMNS);
    a.and(UNROLLED_LIMIT, -width() * unroll);
    lanes.mask(laneBytes);
    prologue();
    Label row = a.here();
    row();
    Gpr[] pointers = {A, B, C, CONSTANTS};
    for (int i = 0; i < pointers.length; i++) {
      a.add(pointers[i], Mem.at(STRIDES, 8L * i));
    }
    a.dec(ROWS);
    a.jump(Condition.NOT_EQUAL, row);
    a.vzeroupper();
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
    return a.toBytes();
  }

  /** Emits a pass over the row. */
  final void pass(Body body) {
    blockPass((steps, tail) -> {
      for (int step = 0; step < steps; step++) {
        body.emit(step, tail);
      }
    });
  }

  /** Emits a pass over the row that works on several registers together. */
  final void blockPass(BlockBody body) {
    a.xor(INDEX, INDEX);
    if (unroll > 1) {
      loop(UNROLLED_LIMIT, unroll, body);
    }
    loop(LIMIT, 1, body);
    Label end = new Label();
    a.test(TAIL, TAIL);
    a.jump(Condition.EQUAL, end);
    body.emit(1, true);
    a.bind(end);
  }

  private void loop(Gpr limit, int steps, BlockBody body) {
    Label end = new Label();
    a.cmp(INDEX, limit);
    a.jump(Condition.GREATER_OR_EQUAL, end);
    Label next = a.here();
    body.emit(steps, false);
    a.add(INDEX, (long) steps * width());
    a.cmp(INDEX, limit);
    a.jump(Condition.LESS, next);
    a.bind(end);
  }

  /** Emits the sum, or what {@code fold} makes, of all elements of a register in each of them. */
  final void foldAcross(Vec target, Vec scratch, Fold fold) {
    if (set == VectorSet.AVX512) {
      Vec half = scratch.as(Vec.Length.YMM);
      a.vextracti64x4(half, target);
      fold.emit(target.as(Vec.Length.YMM), target.as(Vec.Length.YMM), half);
    }
    Vec low = target.as(Vec.Length.XMM);
    Vec other = scratch.as(Vec.Length.XMM);
    if (set == VectorSet.AVX512) {
      a.vextracti32x4(other, target.as(Vec.Length.YMM), 1);
    } else {
      a.vextracti128(other, target);
    }
    fold.emit(low, low, other);
    a.vpermilps(other, low, 0b01_00_11_10);
    fold.emit(low, low, other);
    a.vpermilps(other, low, 0b10_11_00_01);
    fold.emit(low, low, other);
    a.vbroadcastss(target, low);
  }

  /** An instruction of two sources. */
  @FunctionalInterface
  interface Fold {
    void emit(Vec target, Vec left, Vec right);
  }
}
