package io.compresso.kernel.jit.x86;

import io.compresso.tensor.DType;

/**
 * Code of {@code c = softmax(a)}, row by row. {@code b} is a row of floats for what lies between,
 * unless the output is of floats and holds that itself.
 */
final class SoftmaxCode extends RowsCode {
  private static final int UNROLL = 4;

  private final Source source;
  private final VectorMath math;
  private final Vec x = register(0);
  private final Vec row = register(1);
  private final Vec nothing = register(2);
  private final int first = 3;
  private final Vec scratch = register(7);

  /** What the code depends on. */
  record Source(VectorSet set, DType type) implements RowsCode.Source {
    @Override
    public RowsCode create() {
      return new SoftmaxCode(this);
    }
  }

  private SoftmaxCode(Source source) {
    super(source.set(), UNROLL);
    this.source = source;
    this.math = new VectorMath(a, set, MATH, scratch, register(8), register(9));
  }

  @Override
  void prologue() {
    math.loadConstants();
    lanes.broadcast(nothing, Float.NEGATIVE_INFINITY);
  }

  @Override
  void row() {
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
      math.exp(x);
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
