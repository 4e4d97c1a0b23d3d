package io.compresso.kernel.jit.x86;

import io.compresso.tensor.DType;

/**
 * Code of {@code c = softmax(a)}, row by row. A short row is held in registers. For longer ones
 * {@code b} is a row of floats for what lies between, unless the output is of floats and holds that
 * itself.
 */
final class SoftmaxCode extends RowsCode {
  private static final int UNROLL = 4;

  /** Registers besides those of a held row: its greatest element or factor, and scratch. */
  private static final int OTHERS = 1 + VectorMath.SCRATCH_REGISTERS;

  private final Source source;
  private final VectorMath math;
  private final Vec x = register(0);
  private final Vec row;
  private final Vec other;
  private final Vec nothing = register(2);
  private final int first = 3;
  private final Vec scratch;

  /**
   * What the code depends on.
   *
   * @param length of rows that are held in registers, 0 for rows of any length
   */
  record Source(VectorSet set, DType type, int length) implements RowsCode.Source {
    static Source of(VectorSet set, DType type, int length) {
      boolean fits = Math.ceilDiv(length, set.lanes()) + OTHERS <= Lanes.registers(set);
      return new Source(set, type, fits ? length : 0);
    }

    @Override
    public RowsCode create() {
      return new SoftmaxCode(this);
    }
  }

  private SoftmaxCode(Source source) {
    super(source.set(), UNROLL);
    this.source = source;
    boolean held = source.length() > 0;
    int next = held ? Math.ceilDiv(source.length(), set.lanes()) : first + UNROLL;
    this.row = register(held ? next++ : 1);
    this.scratch = register(next);
    this.other = register(next + 1);
    this.math = new VectorMath(a, set, MATH, scratch, other, register(next + 2));
    Vec[] free = new Vec[Lanes.registers(set) - next - VectorMath.SCRATCH_REGISTERS];
    for (int i = 0; i < free.length; i++) {
      free[i] = register(next + VectorMath.SCRATCH_REGISTERS + i);
    }
    math.pin(VectorMath.EXP_CONSTANTS, free);
  }

  @Override
  void prologue() {
    math.loadConstants();
    if (source.length() == 0) {
      lanes.broadcast(nothing, Float.NEGATIVE_INFINITY);
    }
  }

  @Override
  void row() {
    if (source.length() > 0) {
      heldRow();
    } else {
      longRow();
    }
  }

  private void heldRow() {
    DType type = source.type();
    int registers = Math.ceilDiv(source.length(), width());
    boolean tail = source.length() % width() != 0;
    for (int i = 0; i < registers; i++) {
      boolean last = tail && i == registers - 1;
      lanes.load(register(i), type, held(A, i), last);
      if (last) {
        lanes.broadcast(other, Float.NEGATIVE_INFINITY);
        lanes.fill(register(i), other);
      }
    }
    foldHeld(registers, a::vmaxps);
    a.vmovaps(row, scratch);
    for (int i = 0; i < registers; i++) {
      a.vsubps(register(i), register(i), row);
      math.expOfNonPositive(register(i));
    }
    foldHeld(registers, a::vaddps);
    lanes.broadcast(row, 1f);
    a.vdivps(row, row, scratch);
    for (int i = 0; i < registers; i++) {
      a.vmulps(register(i), register(i), row);
      lanes.store(type, held(C, i), register(i), tail && i == registers - 1);
    }
  }

  private Mem held(Gpr base, int register) {
    return Mem.at(base, (long) register * width() * Lanes.bytes(source.type()));
  }

  /** Folds the held registers and their elements into each element of the scratch register. */
  private void foldHeld(int registers, Fold fold) {
    a.vmovaps(scratch, register(0));
    if (registers > 1) {
      a.vmovaps(other, register(1));
      for (int i = 2; i < registers; i++) {
        Vec target = i % 2 == 0 ? scratch : other;
        fold.emit(target, target, register(i));
      }
      fold.emit(scratch, scratch, other);
    }
    foldAcross(scratch, other, fold);
  }

  private void longRow() {
    DType type = source.type();
    int bytes = Lanes.bytes(type);
    Gpr between = type == DType.FLOAT ? C : B;
    for (int i = 0; i < UNROLL; i++) {
      a.vmovaps(register(first + i), nothing);
    }
    pass((step, tail) -> {
      loadFilled(step, tail);
      a.vmaxps(register(first + step), x, register(first + step));
    });
    foldAll(a::vmaxps);
    a.vmovaps(row, register(first));
    for (int i = 0; i < UNROLL; i++) {
      a.vxorps(register(first + i), register(first + i), register(first + i));
    }
    pass((step, tail) -> {
      loadFilled(step, tail);
      a.vsubps(x, x, row);
      math.expOfNonPositive(x);
      a.vaddps(register(first + step), register(first + step), x);
      lanes.store(DType.FLOAT, at(between, Float.BYTES, step), x, tail);
    });
    foldAll(a::vaddps);
    lanes.broadcast(row, 1f);
    a.vdivps(row, row, register(first));
    pass((step, tail) -> {
      lanes.load(x, DType.FLOAT, at(between, Float.BYTES, step), tail);
      a.vmulps(x, x, row);
      lanes.store(type, at(C, bytes, step), x, tail);
    });
  }

  private void loadFilled(int step, boolean tail) {
    lanes.load(x, source.type(), at(A, Lanes.bytes(source.type()), step), tail);
    if (tail) {
      lanes.fill(x, nothing);
    }
  }

  private void foldAll(Fold fold) {
    fold.emit(register(first), register(first), register(first + 1));
    fold.emit(register(first + 2), register(first + 2), register(first + 3));
    fold.emit(register(first), register(first), register(first + 2));
    foldAcross(register(first), scratch, fold);
  }
}
