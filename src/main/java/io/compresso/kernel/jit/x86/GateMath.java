package io.compresso.kernel.jit.x86;

import java.util.List;

/**
 * Emits the functions of recurrent cells' gates, in place, in fewer instructions than {@link
 * VectorMath} takes for its last places: {@code tanh} is within six units in the last place, {@code
 * sigmoid} within two units of those next to 1. NaN stays NaN, and the results of infinities are
 * the limits, but for a positive number in place of 0.
 *
 * <p>Both are quotients of {@code e = 2^t}, where {@code t} is a multiple of the argument and is
 * kept to ±{@value #GREATEST}, so that e is a normal number: {@code 1 / (1 + e)} and {@code (e - 1)
 * / (e + 1)}. With {@code n = rint(t)}, {@code 2^(t - n) - 1} is a minimax polynomial.
 */
final class GateMath {
  private static final float LOG2_E = 1.442695041f;
  private static final float GREATEST = 126;

  /** {@code (2^x - 1) / x} for magnitudes of x up to 1/2. */
  private static final float[] EXP2M1_OVER_X = {
    0.6931471f, 0.24022351f, 0.055505004f, 0.009666245f, 0.0013333539f
  };

  private static final int EXPONENT_BIAS = 127;
  private static final int SIGNIFICAND_BITS = 23;

  private static final List<Float> CONSTANTS =
      List.of(
          1f,
          GREATEST,
          -GREATEST,
          EXP2M1_OVER_X[4],
          EXP2M1_OVER_X[3],
          EXP2M1_OVER_X[2],
          EXP2M1_OVER_X[1],
          EXP2M1_OVER_X[0],
          -LOG2_E,
          2 * LOG2_E,
          2f,
          Float.intBitsToFloat(EXPONENT_BIAS));

  private static final VectorConstants.Table TABLE =
      new VectorConstants.Table(CONSTANTS.stream().map(Float::floatToRawIntBits).toList());

  private final Assembler a;
  private final VectorSet set;
  private final VectorConstants constants;
  private final Vec n;
  private final Vec w;

  /**
   * @param address the register for the constants' address
   * @param n scratch
   * @param w scratch
   * @param free registers in which constants are kept
   */
  GateMath(Assembler a, VectorSet set, Gpr address, Vec n, Vec w, Vec... free) {
    this.a = a;
    this.set = set;
    this.n = n;
    this.w = w;
    this.constants = new VectorConstants(a, set, address, TABLE);
    constants.pin(CONSTANTS.subList(0, CONSTANTS.size() - 1), free);
  }

  /** Loads the address of the constants, and those that are kept in registers. */
  void loadConstants() {
    constants.load();
  }

  /** {@code x = 1 / (1 + e^-x)}. */
  void sigmoid(Vec x) {
    reduce(x, -LOG2_E);
    constants.multiplyAdd(x, w, 1);
    power(x, x);
    constants.add(x, x, 1);
    a.vdivps(x, constants.register(1, w), x);
  }

  /** {@code x = tanh(x)}. */
  void tanh(Vec x) {
    reduce(x, 2 * LOG2_E);
    a.vmulps(w, w, x);
    constants.load(x, 1);
    power(x, x);
    a.vsubps(n, x, constants.register(1, n));
    a.vfmadd231ps(n, w, x);
    constants.add(x, n, 2);
    a.vdivps(x, n, x);
  }

  /** {@code x *= factor, n = rint(x), x -= n, w = (2^x - 1) / x}. */
  private void reduce(Vec x, float factor) {
    constants.multiply(x, x, factor);
    a.vminps(x, constants.register(GREATEST, n), x);
    a.vmaxps(x, constants.register(-GREATEST, n), x);
    a.vrndps(n, x);
    a.vsubps(x, x, n);
    constants.load(w, EXP2M1_OVER_X[EXP2M1_OVER_X.length - 1]);
    for (int i = EXP2M1_OVER_X.length - 2; i >= 0; i--) {
      constants.multiplyAdd(w, x, EXP2M1_OVER_X[i]);
    }
  }

  /** {@code x = y * 2^n}; overwrites n. */
  private void power(Vec x, Vec y) {
    if (set == VectorSet.AVX512) {
      a.vscalefps(x, y, n);
      return;
    }
    a.vcvtps2dq(n, n);
    a.vpaddd(n, n, constants.atBits(EXPONENT_BIAS), constants.repeated());
    a.vpslld(n, n, SIGNIFICAND_BITS);
    a.vmulps(x, y, n);
  }
}
