package io.compresso.kernel.jit.x86;

/** Code that copies rows of bytes from {@code a} to {@code c}. */
final class MoveCode extends RowsCode {
  private static final int UNROLL = 2;

  /** What the code depends on. */
  record Source(VectorSet set) implements RowsCode.Source {
    @Override
    public RowsCode create() {
      return new MoveCode(this);
    }
  }

  private MoveCode(Source source) {
    super(source.set(), 1, UNROLL);
  }

  @Override
  void prologue() {}

  @Override
  void row() {
    pass((step, tail) -> {
      lanes.loadBytes(register(step), at(A, 1, step), tail);
      lanes.storeBytes(at(C, 1, step), register(step), tail);
    });
  }
}
