package io.compresso.kernel.jit.x86;

import io.compresso.tensor.DType;

/**
 * Code of changes of type. {@code b} points to scales, floats; the constants to zero points, 32-bit
 * integers; the first extra value is the output's zero point of a requantization. Of bytes with one
 * scale the next ones can be its {@link ExactReciprocal} and the bounds that keep quotients next to
 * the range, floats.
 */
final class ConvertCode extends RowsCode {
  private static final int UNROLL = 4;
  private static final int OUTPUT_ZERO = 0;
  private static final int RECIPROCAL = 1;

  private final Source source;
  private final Vec x = register(0);
  private final Vec scale = register(1);
  private final Vec zero = register(2);
  private final Vec low = register(3);
  private final Vec high = register(4);
  private final Vec outputZero = register(5);
  private final Vec farLow = register(6);
  private final Vec farHigh = register(7);
  private final Vec reciprocalHigh = register(8);
  private final Vec reciprocalLow = register(9);
  private final Vec order = register(10);
  private final Vec product = register(11);

  /** Which elements share a scale and a zero point. */
  enum Sharing {
    ROW,
    COLUMN
  }

  /**
   * What the code depends on.
   *
   * @param multiplies whether quotients are products with a reciprocal
   */
  record Source(VectorSet set, DType from, DType to, Sharing sharing, boolean multiplies)
      implements RowsCode.Source {
    @Override
    public RowsCode create() {
      return new ConvertCode(this);
    }
  }

  private ConvertCode(Source source) {
    super(source.set(), UNROLL);
    this.source = source;
  }

  /** Sets the extra values of a reciprocal. */
  static void extras(RowsRun run, ExactReciprocal reciprocal, float low, float high) {
    float[] values = {reciprocal.high(), reciprocal.low(), low, high};
    for (int i = 0; i < values.length; i++) {
      run.extra(RECIPROCAL + i, Float.floatToRawIntBits(values[i]));
    }
  }

  private boolean quantizes() {
    return source.from().isFloat() && !source.to().isFloat();
  }

  @Override
  void prologue() {
    if (source.to().isFloat()) {
      return;
    }
    if (source.multiplies()) {
      Vec[] values = {reciprocalHigh, reciprocalLow, low, high};
      for (int i = 0; i < values.length; i++) {
        a.vbroadcastss(values[i], extra(RECIPROCAL + i));
      }
      lanes.loadOrder(order);
    } else if (source.from().isFloat()) {
      // Far outside of every range, where single precision and 32 bits still hold all integers.
      lanes.broadcast(farLow, -0x1p22f);
      lanes.broadcast(farHigh, 0x1p22f);
      lanes.broadcast(low, (int) source.to().minValue());
      lanes.broadcast(high, (int) source.to().maxValue());
    } else {
      a.vbroadcastss(outputZero, extra(OUTPUT_ZERO));
      bounds(outputZero);
    }
  }

  /** The range before the zero point is added, in floats. */
  private void bounds(Vec zeroPoint) {
    lanes.broadcast(low, (int) source.to().minValue());
    lanes.broadcast(high, (int) source.to().maxValue());
    a.vpsubd(low, low, zeroPoint);
    a.vpsubd(high, high, zeroPoint);
    a.vcvtdq2ps(low, low);
    a.vcvtdq2ps(high, high);
  }

  @Override
  void row() {
    boolean scaled = !source.from().isFloat() || !source.to().isFloat();
    boolean byRow = source.sharing() == Sharing.ROW;
    if (scaled && byRow) {
      a.vbroadcastss(scale, Mem.at(B));
      a.vbroadcastss(zero, Mem.at(CONSTANTS));
      if (quantizes() && !source.multiplies()) {
        bounds(zero);
      }
    }
    if (source.multiplies()) {
      blockPass(this::multiply);
      return;
    }
    pass((step, tail) -> {
      if (scaled && !byRow) {
        lanes.load(scale, DType.FLOAT, at(B, 4, step), tail);
        lanes.load(zero, DType.FLOAT, at(CONSTANTS, 4, step), tail);
      }
      lanes.load(x, source.from(), at(A, Lanes.bytes(source.from()), step), tail);
      if (scaled) {
        convert(byRow);
      }
      lanes.store(source.to(), at(C, Lanes.bytes(source.to()), step), x, tail);
    });
  }

  private void multiply(int steps, boolean tail) {
    if (steps == UNROLL) {
      Vec[] values = {x, outputZero, farLow, farHigh};
      for (int i = 0; i < UNROLL; i++) {
        quotient(values[i], i, false);
      }
      lanes.storeFour(source.to(), at(C, 1, 0), order, values);
      return;
    }
    for (int step = 0; step < steps; step++) {
      quotient(x, step, tail);
      if (source.to() == DType.UINT8 && set == VectorSet.AVX512) {
        a.vpxor(product, product, product);
        a.vpmaxsd(x, x, product);
      }
      lanes.storeSaturating(source.to(), at(C, 1, step), x, tail);
    }
  }

  /** Loads floats and makes them integers next to the range. */
  private void quotient(Vec value, int step, boolean tail) {
    lanes.load(value, source.from(), at(A, Lanes.bytes(source.from()), step), tail);
    a.vmaxps(value, value, low);
    a.vminps(value, value, high);
    a.vmulps(product, value, reciprocalLow);
    a.vfmadd213ps(value, reciprocalHigh, product);
    a.vcvtps2dq(value, value);
    a.vpaddd(value, value, zero);
  }

  private void convert(boolean byRow) {
    if (quantizes()) {
      a.vdivps(x, x, scale);
      if (byRow) {
        clamp(low, high);
        a.vpaddd(x, x, zero);
      } else {
        clamp(farLow, farHigh);
        a.vpaddd(x, x, zero);
        a.vpmaxsd(x, x, low);
        a.vpminsd(x, x, high);
      }
      return;
    }
    a.vpsubd(x, x, zero);
    a.vcvtdq2ps(x, x);
    a.vmulps(x, x, scale);
    if (!source.to().isFloat()) {
      clamp(low, high);
      a.vpaddd(x, x, outputZero);
    }
  }

  /** Rounds to integers within bounds; NaN becomes the lower one. */
  private void clamp(Vec least, Vec greatest) {
    a.vmaxps(x, x, least);
    a.vminps(x, x, greatest);
    a.vcvtps2dq(x, x);
  }
}
