package io.compresso.kernel.jit.x86;

import io.compresso.kernel.CellProblem;
import io.compresso.kernel.UnaryFunction;
import io.compresso.tensor.DType;

/**
 * Code of a {@link CellProblem}: {@code a} are the sums, {@code b} what the data gives, {@code c}
 * the states, {@code constants} what cells keep, and the last argument where the greatest magnitude
 * goes, which is found by comparing the bits, NaN's being the greatest.
 */
final class CellCode extends RowsCode {
  private static final int FIRST_FREE = 8;
  private static final Gpr MAGNITUDE_AT = FREE;

  private final CellProblem problem;
  private final GateMath math;
  private final Vec x = register(0);
  private final Vec y = register(1);
  private final Vec cell = register(2);
  private final Vec greatest = register(3);
  private final Vec magnitude = register(4);
  private final Vec zero = register(5);

  /** What the code depends on. */
  record Source(VectorSet set, CellProblem problem) implements RowsCode.Source {
    @Override
    public RowsCode create() {
      return new CellCode(this);
    }
  }

  private CellCode(Source source) {
    super(source.set(), 1);
    this.problem = source.problem();
    Vec[] free = new Vec[Lanes.registers(set) - FIRST_FREE];
    for (int i = 0; i < free.length; i++) {
      free[i] = register(FIRST_FREE + i);
    }
    this.math = new GateMath(a, set, MATH, register(6), register(7), free);
  }

  @Override
  void prologue() {
    math.loadConstants();
    lanes.broadcast(zero, 0f);
    lanes.broadcast(magnitude, Integer.MAX_VALUE);
    a.vxorps(greatest, greatest, greatest);
    a.mov(MAGNITUDE_AT, lastArgument());
  }

  @Override
  void row() {
    pass((_, tail) -> {
      switch (problem.kind()) {
        case LSTM -> shortTerm(tail);
        case GRU -> gated(tail);
      }
      lanes.store(DType.FLOAT, at(C, Float.BYTES, 0), x, tail);
      if (tail) {
        lanes.fill(x, zero);
      }
      a.vandps(x, x, magnitude);
      a.vpmaxsd(greatest, greatest, x);
    });
    foldAcross(greatest, x, a::vpmaxsd);
    a.vmovd(Mem.at(MAGNITUDE_AT), greatest.as(Vec.Length.XMM));
  }

  /** Leaves the state in {@code x}. */
  private void shortTerm(boolean tail) {
    gate(x, 0, 0, tail);
    gate(y, 3, 1, tail);
    a.vmulps(cell, x, y);
    gate(x, 2, 0, tail);
    kept(y, tail);
    a.vfmadd231ps(cell, x, y);
    Mem result = at(C, Float.BYTES, 0).plus(Float.BYTES * problem.cells());
    lanes.store(DType.FLOAT, result, cell, tail);
    apply(2, cell);
    gate(x, 1, 0, tail);
    a.vmulps(x, x, cell);
  }

  /** Leaves the state in {@code x}. */
  private void gated(boolean tail) {
    gate(x, 1, 0, tail);
    load(y, sum(2), tail);
    a.vmulps(x, x, y);
    load(y, data(2), tail);
    a.vaddps(x, x, y);
    apply(1, x);
    a.vmovaps(cell, x);
    gate(x, 0, 0, tail);
    kept(y, tail);
    a.vsubps(y, y, cell);
    a.vfmadd213ps(x, y, cell);
  }

  private void gate(Vec target, int gate, int function, boolean tail) {
    load(target, sum(gate), tail);
    // The registers of the functions are free in between.
    Vec data = register(6);
    load(data, data(gate), tail);
    a.vaddps(target, target, data);
    apply(function, target);
  }

  private void apply(int function, Vec value) {
    UnaryFunction which = problem.functions().get(function);
    switch (which) {
      case SIGMOID -> math.sigmoid(value);
      case TANH -> math.tanh(value);
      case RELU -> a.vmaxps(value, zero, value);
      default -> throw new IllegalStateException(which.toString());
    }
  }

  private void load(Vec target, Mem source, boolean tail) {
    lanes.load(target, DType.FLOAT, source, tail);
  }

  private void kept(Vec target, boolean tail) {
    load(target, at(CONSTANTS, Float.BYTES, 0), tail);
  }

  private Mem sum(int gate) {
    return at(A, Float.BYTES, 0).plus((long) Float.BYTES * gate * problem.columns());
  }

  private Mem data(int gate) {
    return at(B, Float.BYTES, 0).plus((long) Float.BYTES * gate * problem.columns());
  }
}
