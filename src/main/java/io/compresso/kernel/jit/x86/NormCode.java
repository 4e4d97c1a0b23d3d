package io.compresso.kernel.jit.x86;

import io.compresso.kernel.NormProblem.Kind;
import io.compresso.kernel.NormProblem.Terms;
import io.compresso.tensor.DType;

/**
 * Code of {@code c = norm(a + b) * scale + bias}, row by row. The constants are the scale; the
 * extra values are epsilon, the length of a row, both floats, and the address of the bias.
 */
final class NormCode extends RowsCode {
  private static final int UNROLL = 4;
  private static final int EPSILON = 0;
  private static final int LENGTH = 1;
  private static final int BIAS = 2;

  private final Source source;
  private final Vec x = register(0);
  private final Vec t = register(1);
  private final Vec mean = register(2);
  private final Vec factor = register(3);
  private final int first = 4;
  private final Vec scratch = register(8);

  /** What the code depends on. */
  record Source(VectorSet set, DType type, Kind kind, Terms terms) implements RowsCode.Source {
    @Override
    public RowsCode create() {
      return new NormCode(this);
    }
  }

  private NormCode(Source source) {
    super(source.set(), UNROLL);
    this.source = source;
  }

  /** Sets the extra values. */
  static void extras(RowsRun run, float epsilon, int length, long biasAddress) {
    run.extra(EPSILON, Float.floatToRawIntBits(epsilon));
    run.extra(LENGTH, Float.floatToRawIntBits(length));
    run.extraLong(BIAS, biasAddress);
  }

  @Override
  void prologue() {
    a.mov(FREE, extra(BIAS));
    if (source.kind() == Kind.RMS) {
      a.vxorps(mean, mean, mean);
    }
  }

  @Override
  void row() {
    int bytes = Lanes.bytes(source.type());
    if (source.kind() == Kind.LAYER) {
      clearSums();
      a.vxorps(t, t, t);
      pass((step, tail) -> {
        load(step, tail, scratch);
        if (tail) {
          a.vxorps(scratch, scratch, scratch);
          lanes.fill(x, scratch);
        }
        a.vaddps(register(first + step), register(first + step), x);
      });
      meanOfSums(mean);
    }
    clearSums();
    pass((step, tail) -> {
      load(step, tail, scratch);
      if (tail) {
        lanes.fill(x, mean);
      }
      if (source.kind() == Kind.LAYER) {
        a.vsubps(x, x, mean);
      }
      a.vfmadd231ps(register(first + step), x, x);
    });
    meanOfSums(factor);
    a.vbroadcastss(t, extra(EPSILON));
    a.vaddps(factor, factor, t);
    a.vsqrtps(factor, factor);
    lanes.broadcast(t, 1f);
    a.vdivps(factor, t, factor);
    pass((step, tail) -> {
      load(step, tail, t);
      if (source.kind() == Kind.LAYER) {
        a.vsubps(x, x, mean);
      }
      a.vmulps(x, x, factor);
      if (source.terms().scale()) {
        lanes.load(t, DType.FLOAT, at(CONSTANTS, Float.BYTES, step), tail);
        a.vmulps(x, x, t);
      }
      if (source.terms().bias()) {
        lanes.load(t, DType.FLOAT, at(FREE, Float.BYTES, step), tail);
        a.vaddps(x, x, t);
      }
      lanes.store(source.type(), at(C, bytes, step), x, tail);
    });
  }

  private void load(int step, boolean tail, Vec other) {
    int bytes = Lanes.bytes(source.type());
    lanes.load(x, source.type(), at(A, bytes, step), tail);
    if (source.terms().skip()) {
      lanes.load(other, source.type(), at(B, bytes, step), tail);
      a.vaddps(x, x, other);
    }
  }

  private void clearSums() {
    for (int i = 0; i < UNROLL; i++) {
      a.vxorps(register(first + i), register(first + i), register(first + i));
    }
  }

  private void meanOfSums(Vec target) {
    a.vaddps(register(first), register(first), register(first + 1));
    a.vaddps(register(first + 2), register(first + 2), register(first + 3));
    a.vaddps(register(first), register(first), register(first + 2));
    foldAcross(register(first), scratch, a::vaddps);
    a.vbroadcastss(t, extra(LENGTH));
    a.vdivps(target, register(first), t);
  }
}
