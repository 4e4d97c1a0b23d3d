package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Activation;
import java.util.ArrayList;
import java.util.List;

/**
 * Emits elementary functions of whole registers of floats, in place. Results are within a few units
 * in the last place; NaN stays NaN, and the results of infinities are the limits.
 *
 * <p>{@code exp} reduces its argument by multiples of ln 2 (Cody and Waite) and takes {@code (e^r -
 * 1) / r} from a minimax polynomial, from which {@code tanh} gets {@code expm1} without
 * cancellation; {@code erf} is a minimax quotient of polynomials in the square.
 *
 * <p>Before the first function {@link #loadConstants} must be emitted; the constants' register and
 * the scratch registers are the emitter's from then on.
 */
final class VectorMath {
  /** Scratch registers that every function of this class makes do with. */
  static final int SCRATCH_REGISTERS = 3;

  private static final float LOG2_E = 1.442695041f;

  /** ln 2 in two parts, the first with few enough bits for exact multiples. */
  private static final float LN2_HIGH = 0x1.62ep-1f;

  private static final float LN2_LOW = (float) (Math.log(2) - 0x1.62ep-1);

  /** Below it the exponential is 0. */
  private static final float EXP_LEAST = -104;

  /** Above it the exponential is infinite. */
  private static final float EXP_GREATEST = 89;

  /** tanh is 1 from half of it on. */
  private static final float TANH_GREATEST = 20;

  /** erf rounds to 1 from here on. */
  private static final float ERF_GREATEST = 3.9f;

  private static final float[] EXPM1_OVER_X = {
    1, 0.49999997f, 0.16666506f, 0.041667137f, 0.008369105f, 0.0013888869f
  };
  private static final float[] ERF_NUMERATOR = {
    1.1283791f,
    0.19817711f,
    0.05034425f,
    0.003632082f,
    0.00014059531f,
    -1.9632132e-6f,
    2.0148711e-8f
  };
  private static final float[] ERF_DENOMINATOR = {
    1, 0.5089616f, 0.11427877f, 0.0142074395f, 0.00094053551f
  };

  /** What {@link #pin} may keep for exp, and for what is made of it; the most used first. */
  static final List<Float> EXP_CONSTANTS = expConstants();

  /** What {@link #pin} may keep for erf and GELU; the most used first. */
  static final List<Float> ERF_CONSTANTS = erfConstants();

  private static final float SQRT_HALF = (float) Math.sqrt(0.5);

  /** {@code -2 * sqrt(2 / pi)}, and that times 0.044715. */
  private static final float TANH_GELU_LINEAR = (float) (-2 * Math.sqrt(2 / Math.PI));

  private static final float TANH_GELU_CUBIC = (float) (-0.08943 * Math.sqrt(2 / Math.PI));
  private static final float SIGN = -0.0f;
  private static final float MAGNITUDE = Float.intBitsToFloat(0x7FFFFFFF);

  /** {@code (log(1 + x) - x + x^2 / 2) / x^3}, from the Cephes library's {@code logf}. */
  private static final float[] LOG_REST = {
    3.3333331174e-1f,
    -2.4999993993e-1f,
    2.0000714765e-1f,
    -1.6668057665e-1f,
    1.4249322787e-1f,
    -1.2420140846e-1f,
    1.1676998740e-1f,
    -1.1514610310e-1f,
    7.0376836292e-2f
  };

  /** Subnormal numbers are multiplied by {@code 1 + 2^24 - 1} before their logarithm is taken. */
  private static final float SUBNORMAL_FACTOR_LESS_ONE = 0x1p24f - 1;

  private static final float SUBNORMAL_EXPONENT = -24;

  /** Adds to an exponent of a float in which significands of sqrt(1/2) and more carry over. */
  private static final int LESS_SQRT_HALF = -Float.floatToRawIntBits((float) Math.sqrt(0.5));

  private static final int EXPONENT_BIAS = 127;
  private static final int SIGNIFICAND_BITS = 23;

  private static final VectorConstants.Table TABLE = new VectorConstants.Table(constants());

  private final Assembler a;
  private final VectorSet set;
  private final VectorConstants constants;
  private final Vec[] scratch;

  /**
   * @param constants the register for the constants' address
   * @param scratch {@value #SCRATCH_REGISTERS} registers
   */
  VectorMath(Assembler a, VectorSet set, Gpr constants, Vec... scratch) {
    this.a = a;
    this.set = set;
    this.constants = new VectorConstants(a, set, constants, TABLE);
    this.scratch = scratch.clone();
  }

  private static List<Float> expConstants() {
    List<Float> values = new ArrayList<>();
    for (float value : EXPM1_OVER_X) {
      values.add(value);
    }
    values.addAll(List.of(LOG2_E, LN2_HIGH, LN2_LOW, EXP_LEAST, EXP_GREATEST));
    values.addAll(List.of(-0.0f, Float.intBitsToFloat(0x7FFFFFFF), TANH_GREATEST, 2f));
    return List.copyOf(values);
  }

  private static List<Float> erfConstants() {
    List<Float> values = new ArrayList<>();
    for (float value : ERF_NUMERATOR) {
      values.add(value);
    }
    for (float value : ERF_DENOMINATOR) {
      values.add(value);
    }
    values.addAll(List.of(ERF_GREATEST, -ERF_GREATEST, -1f, 0.5f, (float) Math.sqrt(0.5)));
    return List.copyOf(values);
  }

  private static List<Integer> constants() {
    List<Integer> bits = new ArrayList<>();
    float[][] all = {
      {LOG2_E, LN2_HIGH, LN2_LOW, EXP_LEAST, EXP_GREATEST, TANH_GREATEST, ERF_GREATEST},
      {-ERF_GREATEST, SQRT_HALF, TANH_GELU_LINEAR, TANH_GELU_CUBIC, SIGN, MAGNITUDE},
      {0, 1, -1, 2, 0.5f, 1 / 6f},
      {Float.MIN_NORMAL, SUBNORMAL_FACTOR_LESS_ONE, SUBNORMAL_EXPONENT, -0.5f},
      EXPM1_OVER_X,
      ERF_NUMERATOR,
      ERF_DENOMINATOR,
      LOG_REST
    };
    for (float[] group : all) {
      for (float value : group) {
        if (!bits.contains(Float.floatToRawIntBits(value))) {
          bits.add(Float.floatToRawIntBits(value));
        }
      }
    }
    bits.add(EXPONENT_BIAS);
    bits.add(LESS_SQRT_HALF);
    return List.copyOf(bits);
  }

  /**
   * Keeps constants in registers from {@link #loadConstants} on, as many as there are registers
   * for.
   *
   * @param values {@link #EXP_CONSTANTS} or {@link #ERF_CONSTANTS}
   */
  void pin(List<Float> values, Vec... registers) {
    constants.pin(values, registers);
  }

  /** Loads the address of the constants, and those that are kept in registers. */
  void loadConstants() {
    constants.load();
  }

  /** Replaces x by the function of it. */
  void apply(Activation activation, Vec x) {
    switch (activation) {
      case NONE -> {}
      case SIGMOID -> sigmoid(x);
      case TANH -> tanh(x);
      case GELU -> gelu(x);
      case GELU_TANH -> geluTanh(x);
      case SWISH -> swish(x);
      case HARD_SWISH -> hardSwish(x);
    }
  }

  /** {@code x = e^x}; takes two scratch registers. */
  void exp(Vec x) {
    a.vminps(x, constants.register(EXP_GREATEST, scratch[0]), x);
    expOfNonPositive(x);
  }

  /** {@code x = e^x} for x up to {@link #EXP_GREATEST}; takes two scratch registers. */
  void expOfNonPositive(Vec x) {
    Vec n = scratch[0];
    Vec w = scratch[1];
    a.vmaxps(x, constants.register(EXP_LEAST, n), x);
    reduce(x, n);
    polynomial(w, x, EXPM1_OVER_X);
    constants.multiplyAdd(x, w, 1);
    scale(x, n, w);
  }

  /** {@code x = 1 / (1 + e^-x)}. */
  void sigmoid(Vec x) {
    constants.xor(x, x, SIGN);
    exp(x);
    constants.add(x, x, 1);
    a.vdivps(x, constants.register(1, scratch[0]), x);
  }

  /** {@code x = x * sigmoid(x)}. */
  void swish(Vec x) {
    Vec e = scratch[2];
    constants.xor(e, x, SIGN);
    divideByOnePlusExp(x, e);
  }

  /** {@code x = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))}. */
  void geluTanh(Vec x) {
    Vec e = scratch[2];
    Vec square = scratch[0];
    a.vmulps(square, x, x);
    constants.load(e, TANH_GELU_CUBIC);
    constants.multiplyAdd(e, square, TANH_GELU_LINEAR);
    a.vmulps(e, e, x);
    divideByOnePlusExp(x, e);
  }

  private void divideByOnePlusExp(Vec x, Vec e) {
    exp(e);
    constants.add(e, e, 1);
    a.vdivps(e, constants.register(1, scratch[0]), e);
    a.vmulps(x, x, e);
  }

  /** {@code x = x * max(0, min(1, x / 6 + 1 / 2))}. */
  void hardSwish(Vec x) {
    Vec t = scratch[0];
    Vec bound = scratch[1];
    constants.load(t, 1 / 6f);
    constants.multiplyAdd(t, x, 0.5f);
    constants.load(bound, 0);
    a.vmaxps(t, bound, t);
    constants.load(bound, 1);
    a.vminps(t, bound, t);
    a.vmulps(x, x, t);
  }

  /** {@code x = tanh(x)}: {@code -t / (2 + t)} with {@code t = e^(-2|x|) - 1}, signed. */
  void tanh(Vec x) {
    Vec r = scratch[0];
    Vec n = scratch[1];
    Vec w = scratch[2];
    constants.and(r, x, MAGNITUDE);
    a.vaddps(r, r, r);
    a.vminps(r, constants.register(TANH_GREATEST, n), r);
    constants.xor(r, r, SIGN);
    reduce(r, n);
    polynomial(w, r, EXPM1_OVER_X);
    a.vmulps(w, w, r);
    constants.load(r, 1);
    if (set == VectorSet.AVX512) {
      a.vscalefps(r, r, n);
    } else {
      a.vcvtps2dq(n, n);
      multiplyByPowerOfTwo(r, n);
    }
    a.vsubps(n, r, constants.at(1), constants.repeated());
    a.vfmadd231ps(n, w, r);
    constants.add(r, n, 2);
    a.vdivps(r, n, r);
    constants.and(r, r, MAGNITUDE);
    constants.and(x, x, SIGN);
    a.vorps(x, x, r);
  }

  /**
   * {@code x = log(x)} for finite x above 0; of others it makes some finite number or NaN. With
   * {@code x = 2^n * (1 + f)}, {@code 1 + f} from sqrt(1/2) to sqrt(2), it is {@code n * ln 2 +
   * log(1 + f)}.
   */
  void log(Vec x) {
    Vec least = scratch[0];
    Vec n = scratch[1];
    Vec w = scratch[2];
    a.vsubps(least, x, constants.at(Float.MIN_NORMAL), constants.repeated());
    a.vpsrad(least, least, Integer.SIZE - 1);
    constants.and(w, least, SUBNORMAL_FACTOR_LESS_ONE);
    constants.add(w, w, 1);
    a.vmulps(x, x, w);
    constants.and(least, least, SUBNORMAL_EXPONENT);
    a.vpaddd(n, x, constants.atBits(LESS_SQRT_HALF), constants.repeated());
    a.vpsrad(n, n, SIGNIFICAND_BITS);
    a.vpslld(w, n, SIGNIFICAND_BITS);
    a.vpsubd(x, x, w);
    a.vcvtdq2ps(n, n);
    a.vaddps(n, n, least);
    constants.add(x, x, -1);
    polynomial(w, x, LOG_REST);
    constants.multiplyAdd(w, x, -0.5f);
    a.vmulps(w, w, x);
    a.vmulps(w, w, x);
    a.vfmadd231ps(w, n, constants.at(LN2_LOW), constants.repeated());
    a.vaddps(x, x, w);
    a.vfmadd231ps(x, n, constants.at(LN2_HIGH), constants.repeated());
  }

  /** {@code x = erf(x)}; takes two scratch registers. */
  void erf(Vec x) {
    Vec square = scratch[0];
    Vec part = scratch[1];
    bound(x, ERF_GREATEST, square);
    a.vmulps(square, x, x);
    polynomial(part, square, ERF_NUMERATOR);
    a.vmulps(x, x, part);
    polynomial(part, square, ERF_DENOMINATOR);
    a.vdivps(x, x, part);
    bound(x, 1, square);
  }

  private void bound(Vec x, float greatest, Vec bound) {
    a.vminps(x, constants.register(greatest, bound), x);
    a.vmaxps(x, constants.register(-greatest, bound), x);
  }

  /** {@code x = x / 2 * (1 + erf(x / sqrt(2)))}. */
  void gelu(Vec x) {
    Vec e = scratch[2];
    constants.multiply(e, x, SQRT_HALF);
    erf(e);
    constants.add(e, e, 1);
    constants.multiply(e, e, 0.5f);
    a.vmulps(x, x, e);
  }

  /** {@code n = rint(x / ln 2)}, {@code x = x - n * ln 2}. */
  private void reduce(Vec x, Vec n) {
    constants.multiply(n, x, LOG2_E);
    a.vrndps(n, n);
    constants.subtractProduct(x, n, LN2_HIGH);
    constants.subtractProduct(x, n, LN2_LOW);
  }

  /** {@code target = c[0] + c[1] * x + ...}. */
  private void polynomial(Vec target, Vec x, float[] c) {
    constants.load(target, c[c.length - 1]);
    for (int i = c.length - 2; i >= 0; i--) {
      constants.multiplyAdd(target, x, c[i]);
    }
  }

  /** {@code x = x * 2^n}: in two steps where no instruction does it, for subnormal results. */
  private void scale(Vec x, Vec n, Vec half) {
    if (set == VectorSet.AVX512) {
      a.vscalefps(x, x, n);
      return;
    }
    a.vcvtps2dq(n, n);
    a.vpsrad(half, n, 1);
    a.vpsubd(n, n, half);
    multiplyByPowerOfTwo(x, half);
    multiplyByPowerOfTwo(x, n);
  }

  /** {@code x = x * 2^n} for an integer n in the range of exponents, which is overwritten. */
  private void multiplyByPowerOfTwo(Vec x, Vec n) {
    a.vpaddd(n, n, constants.atBits(EXPONENT_BIAS), constants.repeated());
    a.vpslld(n, n, SIGNIFICAND_BITS);
    a.vmulps(x, x, n);
  }
}
