package io.compresso.kernel.jit.x86;

import io.compresso.kernel.QuantizedBinaryProblem.Function;
import io.compresso.tensor.DType;

/**
 * Code of sums and products of bytes. The constants are six floats: factors and offset of sums, or
 * the zero points, the factor and the output's zero point of products, in {@link #constants}.
 */
final class QuantizedBinaryCode extends RowsCode {
  private static final int UNROLL = 4;

  private final Source source;
  private final Vec x = register(0);
  private final Vec y = register(1);
  private final Vec low = register(2);
  private final Vec high = register(3);
  private final Vec left = register(4);
  private final Vec right = register(5);
  private final Vec leftConstant = register(6);
  private final Vec rightConstant = register(7);
  private final Vec factor = register(8);
  private final Vec offset = register(9);
  private final Vec order = register(13);

  /** What the code depends on. */
  record Source(
      VectorSet set, Function function, DType type, boolean repeatsLeft, boolean repeatsRight)
      implements RowsCode.Source {
    @Override
    public RowsCode create() {
      return new QuantizedBinaryCode(this);
    }
  }

  private QuantizedBinaryCode(Source source) {
    super(source.set(), UNROLL);
    this.source = source;
  }

  @Override
  void prologue() {
    Vec[] constants = {leftConstant, rightConstant, factor, offset};
    for (int i = 0; i < constants.length; i++) {
      a.vbroadcastss(constants[i], Mem.at(CONSTANTS, 4L * i));
    }
    if (set == VectorSet.AVX512) {
      lanes.loadOrder(order);
    }
    lanes.broadcast(low, (float) source.type().minValue());
    lanes.broadcast(high, (float) source.type().maxValue());
  }

  @Override
  void row() {
    if (source.repeatsLeft()) {
      repeat(left, A);
    }
    if (source.repeatsRight()) {
      repeat(right, B);
    }
    blockPass((steps, tail) -> {
      if (steps == UNROLL && set == VectorSet.AVX512) {
        Vec[] results = {y, register(10), register(11), register(12)};
        for (int i = 0; i < UNROLL; i++) {
          result(results[i], i, false);
        }
        lanes.storeFour(source.type(), at(C, 1, 0), order, results);
        return;
      }
      for (int step = 0; step < steps; step++) {
        result(y, step, tail);
        lanes.store(source.type(), at(C, 1, step), y, tail);
      }
    });
  }

  /** Makes the results in 32 bits. */
  private void result(Vec y, int step, boolean tail) {
    Vec first = left;
    if (!source.repeatsLeft()) {
      lanes.load(x, source.type(), at(A, 1, step), tail);
      a.vcvtdq2ps(x, x);
      first = x;
    }
    Vec second = right;
    if (!source.repeatsRight()) {
      lanes.load(y, source.type(), at(B, 1, step), tail);
      a.vcvtdq2ps(y, y);
      second = y;
    }
    combine(y, first, second);
    a.vmaxps(y, y, low);
    a.vminps(y, y, high);
    a.vcvtps2dq(y, y);
  }

  private void combine(Vec y, Vec first, Vec second) {
    if (source.function() == Function.ADD) {
      if (second != y) {
        a.vmovaps(y, second);
      }
      a.vfmadd213ps(y, rightConstant, offset);
      a.vfmadd231ps(y, first, leftConstant);
    } else {
      a.vsubps(x, first, leftConstant);
      a.vsubps(y, second, rightConstant);
      a.vmulps(y, x, y);
      a.vfmadd213ps(y, factor, offset);
    }
  }

  private void repeat(Vec target, Gpr pointer) {
    if (source.type() == DType.UINT8) {
      a.movzxByte(Gpr.RAX, Mem.at(pointer));
    } else {
      a.movsxByte(Gpr.RAX, Mem.at(pointer));
    }
    a.vmovd(target.as(Vec.Length.XMM), Gpr.RAX);
    a.vbroadcastss(target, target.as(Vec.Length.XMM));
    a.vcvtdq2ps(target, target);
  }
}
