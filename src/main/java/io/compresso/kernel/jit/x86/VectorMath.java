package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Activation;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

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

  private static final List<Integer> CONSTANTS = constants();
  private static final Map<VectorSet, MemorySegment> TABLES = tables();

  private final Assembler a;
  private final VectorSet set;
  private final Gpr constants;
  private final Vec[] scratch;
  private final Map<Integer, Vec> pinned = new LinkedHashMap<>();

  /**
   * @param constants the register for the constants' address
   * @param scratch {@value #SCRATCH_REGISTERS} registers
   */
  VectorMath(Assembler a, VectorSet set, Gpr constants, Vec... scratch) {
    this.a = a;
    this.set = set;
    this.constants = constants;
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

  /** Each constant once for AVX-512, which repeats it while loading, or as often as lanes. */
  private static Map<VectorSet, MemorySegment> tables() {
    Map<VectorSet, MemorySegment> tables = new EnumMap<>(VectorSet.class);
    for (VectorSet set : VectorSet.values()) {
      int copies = copies(set);
      MemorySegment table = Arena.global().allocate(4L * copies * CONSTANTS.size(), 64);
      for (int i = 0; i < copies * CONSTANTS.size(); i++) {
        table.setAtIndex(ValueLayout.JAVA_INT, i, CONSTANTS.get(i / copies));
      }
      tables.put(set, table);
    }
    return tables;
  }

  private static int copies(VectorSet set) {
    return set == VectorSet.AVX512 ? 1 : set.lanes();
  }

  /**
   * Keeps constants in registers from {@link #loadConstants} on, as many as there are registers
   * for.
   *
   * @param values {@link #EXP_CONSTANTS} or {@link #ERF_CONSTANTS}
   */
  void pin(List<Float> values, Vec... registers) {
    for (int i = 0; i < Math.min(values.size(), registers.length); i++) {
      pinned.put(Float.floatToRawIntBits(values.get(i)), registers[i]);
    }
  }

  /** Loads the address of the constants, and those that are kept in registers. */
  void loadConstants() {
    a.mov(constants, Objects.requireNonNull(TABLES.get(set)).address());
    pinned.forEach((bits, register) -> fill(register, constantOf(bits)));
  }

  private Mem constant(float value) {
    return constantOf(Float.floatToRawIntBits(value));
  }

  private Mem constantOf(int bits) {
    int index = CONSTANTS.indexOf(bits);
    if (index < 0) {
      throw new IllegalArgumentException("no constant " + Float.intBitsToFloat(bits));
    }
    return Mem.at(constants, 4L * copies(set) * index);
  }

  private Modifiers repeated() {
    return set == VectorSet.AVX512 ? Modifiers.BROADCAST : Modifiers.NONE;
  }

  private void load(Vec target, float value) {
    Vec kept = pinned.get(Float.floatToRawIntBits(value));
    if (kept != null) {
      a.vmovaps(target, kept);
    } else {
      fill(target, constant(value));
    }
  }

  private void fill(Vec target, Mem source) {
    if (set == VectorSet.AVX512) {
      a.vbroadcastss(target, source);
    } else {
      a.vmovups(target, source);
    }
  }

  /** A register of the constant: that in which it is kept, or {@code other}, loaded. */
  private Vec register(float value, Vec other) {
    Vec kept = pinned.get(Float.floatToRawIntBits(value));
    if (kept != null) {
      return kept;
    }
    fill(other, constant(value));
    return other;
  }

  /** {@code target = target * left + value}. */
  private void multiplyAdd(Vec target, Vec left, float value) {
    Vec kept = pinned.get(Float.floatToRawIntBits(value));
    if (kept != null) {
      a.vfmadd213ps(target, left, kept);
    } else {
      a.vfmadd213ps(target, left, constant(value), repeated());
    }
  }

  /** {@code target -= left * value}. */
  private void subtractProduct(Vec target, Vec left, float value) {
    Vec kept = pinned.get(Float.floatToRawIntBits(value));
    if (kept != null) {
      a.vfnmadd231ps(target, left, kept);
    } else {
      a.vfnmadd231ps(target, left, constant(value), repeated());
    }
  }

  private void multiply(Vec target, Vec left, float value) {
    Vec kept = pinned.get(Float.floatToRawIntBits(value));
    if (kept != null) {
      a.vmulps(target, left, kept);
    } else {
      a.vmulps(target, left, constant(value), repeated());
    }
  }

  private void add(Vec target, Vec left, float value) {
    Vec kept = pinned.get(Float.floatToRawIntBits(value));
    if (kept != null) {
      a.vaddps(target, left, kept);
    } else {
      a.vaddps(target, left, constant(value), repeated());
    }
  }

  private void flip(Vec target, Vec left) {
    Vec kept = pinned.get(Float.floatToRawIntBits(SIGN));
    if (kept != null) {
      a.vxorps(target, left, kept);
    } else {
      a.vxorps(target, left, constant(SIGN), repeated());
    }
  }

  private void and(Vec target, Vec left, float value) {
    Vec kept = pinned.get(Float.floatToRawIntBits(value));
    if (kept != null) {
      a.vandps(target, left, kept);
    } else {
      a.vandps(target, left, constant(value), repeated());
    }
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
    a.vminps(x, register(EXP_GREATEST, scratch[0]), x);
    expOfNonPositive(x);
  }

  /** {@code x = e^x} for x up to {@link #EXP_GREATEST}; takes two scratch registers. */
  void expOfNonPositive(Vec x) {
    Vec n = scratch[0];
    Vec w = scratch[1];
    a.vmaxps(x, register(EXP_LEAST, n), x);
    reduce(x, n);
    polynomial(w, x, EXPM1_OVER_X);
    multiplyAdd(x, w, 1);
    scale(x, n, w);
  }

  /** {@code x = 1 / (1 + e^-x)}. */
  void sigmoid(Vec x) {
    flip(x, x);
    exp(x);
    add(x, x, 1);
    a.vdivps(x, register(1, scratch[0]), x);
  }

  /** {@code x = x * sigmoid(x)}. */
  void swish(Vec x) {
    Vec e = scratch[2];
    flip(e, x);
    divideByOnePlusExp(x, e);
  }

  /** {@code x = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))}. */
  void geluTanh(Vec x) {
    Vec e = scratch[2];
    Vec square = scratch[0];
    a.vmulps(square, x, x);
    load(e, TANH_GELU_CUBIC);
    multiplyAdd(e, square, TANH_GELU_LINEAR);
    a.vmulps(e, e, x);
    divideByOnePlusExp(x, e);
  }

  private void divideByOnePlusExp(Vec x, Vec e) {
    exp(e);
    add(e, e, 1);
    a.vdivps(e, register(1, scratch[0]), e);
    a.vmulps(x, x, e);
  }

  /** {@code x = x * max(0, min(1, x / 6 + 1 / 2))}. */
  void hardSwish(Vec x) {
    Vec t = scratch[0];
    Vec bound = scratch[1];
    load(t, 1 / 6f);
    multiplyAdd(t, x, 0.5f);
    load(bound, 0);
    a.vmaxps(t, bound, t);
    load(bound, 1);
    a.vminps(t, bound, t);
    a.vmulps(x, x, t);
  }

  /** {@code x = tanh(x)}: {@code -t / (2 + t)} with {@code t = e^(-2|x|) - 1}, signed. */
  void tanh(Vec x) {
    Vec r = scratch[0];
    Vec n = scratch[1];
    Vec w = scratch[2];
    and(r, x, MAGNITUDE);
    a.vaddps(r, r, r);
    a.vminps(r, register(TANH_GREATEST, n), r);
    flip(r, r);
    reduce(r, n);
    polynomial(w, r, EXPM1_OVER_X);
    a.vmulps(w, w, r);
    load(r, 1);
    if (set == VectorSet.AVX512) {
      a.vscalefps(r, r, n);
    } else {
      a.vcvtps2dq(n, n);
      multiplyByPowerOfTwo(r, n);
    }
    a.vsubps(n, r, constant(1), repeated());
    a.vfmadd231ps(n, w, r);
    add(r, n, 2);
    a.vdivps(r, n, r);
    and(r, r, MAGNITUDE);
    and(x, x, SIGN);
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
    a.vsubps(least, x, constant(Float.MIN_NORMAL), repeated());
    a.vpsrad(least, least, Integer.SIZE - 1);
    and(w, least, SUBNORMAL_FACTOR_LESS_ONE);
    add(w, w, 1);
    a.vmulps(x, x, w);
    and(least, least, SUBNORMAL_EXPONENT);
    a.vpaddd(n, x, constantOf(LESS_SQRT_HALF), repeated());
    a.vpsrad(n, n, SIGNIFICAND_BITS);
    a.vpslld(w, n, SIGNIFICAND_BITS);
    a.vpsubd(x, x, w);
    a.vcvtdq2ps(n, n);
    a.vaddps(n, n, least);
    add(x, x, -1);
    polynomial(w, x, LOG_REST);
    multiplyAdd(w, x, -0.5f);
    a.vmulps(w, w, x);
    a.vmulps(w, w, x);
    a.vfmadd231ps(w, n, constant(LN2_LOW), repeated());
    a.vaddps(x, x, w);
    a.vfmadd231ps(x, n, constant(LN2_HIGH), repeated());
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
    a.vminps(x, register(greatest, bound), x);
    a.vmaxps(x, register(-greatest, bound), x);
  }

  /** {@code x = x / 2 * (1 + erf(x / sqrt(2)))}. */
  void gelu(Vec x) {
    Vec e = scratch[2];
    multiply(e, x, SQRT_HALF);
    erf(e);
    add(e, e, 1);
    multiply(e, e, 0.5f);
    a.vmulps(x, x, e);
  }

  /** {@code n = rint(x / ln 2)}, {@code x = x - n * ln 2}. */
  private void reduce(Vec x, Vec n) {
    multiply(n, x, LOG2_E);
    a.vrndps(n, n);
    subtractProduct(x, n, LN2_HIGH);
    subtractProduct(x, n, LN2_LOW);
  }

  /** {@code target = c[0] + c[1] * x + ...}. */
  private void polynomial(Vec target, Vec x, float[] c) {
    load(target, c[c.length - 1]);
    for (int i = c.length - 2; i >= 0; i--) {
      multiplyAdd(target, x, c[i]);
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
    a.vpaddd(n, n, constantOf(EXPONENT_BIAS), repeated());
    a.vpslld(n, n, SIGNIFICAND_BITS);
    a.vmulps(x, x, n);
  }
}
