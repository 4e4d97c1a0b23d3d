package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Activation;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumMap;
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

  private static final float SQRT_HALF = (float) Math.sqrt(0.5);

  /** {@code -2 * sqrt(2 / pi)}, and that times 0.044715. */
  private static final float TANH_GELU_LINEAR = (float) (-2 * Math.sqrt(2 / Math.PI));

  private static final float TANH_GELU_CUBIC = (float) (-0.08943 * Math.sqrt(2 / Math.PI));
  private static final float SIGN = -0.0f;
  private static final float MAGNITUDE = Float.intBitsToFloat(0x7FFFFFFF);

  private static final int EXPONENT_BIAS = 127;
  private static final int SIGNIFICAND_BITS = 23;

  private static final List<Integer> CONSTANTS = constants();
  private static final Map<VectorSet, MemorySegment> TABLES = tables();

  private final Assembler a;
  private final VectorSet set;
  private final Gpr constants;
  private final Vec[] scratch;

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

  private static List<Integer> constants() {
    List<Integer> bits = new ArrayList<>();
    float[][] all = {
      {LOG2_E, LN2_HIGH, LN2_LOW, EXP_LEAST, EXP_GREATEST, TANH_GREATEST, ERF_GREATEST},
      {-ERF_GREATEST, SQRT_HALF, TANH_GELU_LINEAR, TANH_GELU_CUBIC, SIGN, MAGNITUDE},
      {0, 1, -1, 2, 0.5f, 1 / 6f},
      EXPM1_OVER_X,
      ERF_NUMERATOR,
      ERF_DENOMINATOR
    };
    for (float[] group : all) {
      for (float value : group) {
        if (!bits.contains(Float.floatToRawIntBits(value))) {
          bits.add(Float.floatToRawIntBits(value));
        }
      }
    }
    bits.add(EXPONENT_BIAS);
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

  /** Loads the address of the constants. */
  void loadConstants() {
    a.mov(constants, Objects.requireNonNull(TABLES.get(set)).address());
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
    if (set == VectorSet.AVX512) {
      a.vbroadcastss(target, constant(value));
    } else {
      a.vmovups(target, constant(value));
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
    Vec n = scratch[0];
    Vec w = scratch[1];
    load(n, EXP_LEAST);
    a.vmaxps(x, n, x);
    load(n, EXP_GREATEST);
    a.vminps(x, n, x);
    reduce(x, n);
    polynomial(w, x, EXPM1_OVER_X);
    a.vfmadd213ps(x, w, constant(1), repeated());
    scale(x, n, w);
  }

  /** {@code x = 1 / (1 + e^-x)}. */
  void sigmoid(Vec x) {
    a.vxorps(x, x, constant(SIGN), repeated());
    exp(x);
    a.vaddps(x, x, constant(1), repeated());
    load(scratch[0], 1);
    a.vdivps(x, scratch[0], x);
  }

  /** {@code x = x * sigmoid(x)}. */
  void swish(Vec x) {
    Vec e = scratch[2];
    a.vxorps(e, x, constant(SIGN), repeated());
    divideByOnePlusExp(x, e);
  }

  /** {@code x = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))}. */
  void geluTanh(Vec x) {
    Vec e = scratch[2];
    Vec square = scratch[0];
    a.vmulps(square, x, x);
    load(e, TANH_GELU_CUBIC);
    a.vfmadd213ps(e, square, constant(TANH_GELU_LINEAR), repeated());
    a.vmulps(e, e, x);
    divideByOnePlusExp(x, e);
  }

  private void divideByOnePlusExp(Vec x, Vec e) {
    exp(e);
    a.vaddps(e, e, constant(1), repeated());
    load(scratch[0], 1);
    a.vdivps(e, scratch[0], e);
    a.vmulps(x, x, e);
  }

  /** {@code x = x * max(0, min(1, x / 6 + 1 / 2))}. */
  void hardSwish(Vec x) {
    Vec t = scratch[0];
    Vec bound = scratch[1];
    load(t, 1 / 6f);
    a.vfmadd213ps(t, x, constant(0.5f), repeated());
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
    a.vandps(r, x, constant(MAGNITUDE), repeated());
    a.vaddps(r, r, r);
    load(n, TANH_GREATEST);
    a.vminps(r, n, r);
    a.vxorps(r, r, constant(SIGN), repeated());
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
    a.vaddps(r, n, constant(2), repeated());
    a.vdivps(r, n, r);
    a.vandps(r, r, constant(MAGNITUDE), repeated());
    a.vandps(x, x, constant(SIGN), repeated());
    a.vorps(x, x, r);
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
    load(bound, greatest);
    a.vminps(x, bound, x);
    load(bound, -greatest);
    a.vmaxps(x, bound, x);
  }

  /** {@code x = x / 2 * (1 + erf(x / sqrt(2)))}. */
  void gelu(Vec x) {
    Vec e = scratch[2];
    a.vmulps(e, x, constant(SQRT_HALF), repeated());
    erf(e);
    a.vaddps(e, e, constant(1), repeated());
    a.vmulps(e, e, constant(0.5f), repeated());
    a.vmulps(x, x, e);
  }

  /** {@code n = rint(x / ln 2)}, {@code x = x - n * ln 2}. */
  private void reduce(Vec x, Vec n) {
    a.vmulps(n, x, constant(LOG2_E), repeated());
    a.vrndps(n, n);
    a.vfnmadd231ps(x, n, constant(LN2_HIGH), repeated());
    a.vfnmadd231ps(x, n, constant(LN2_LOW), repeated());
  }

  /** {@code target = c[0] + c[1] * x + ...}. */
  private void polynomial(Vec target, Vec x, float[] c) {
    load(target, c[c.length - 1]);
    for (int i = c.length - 2; i >= 0; i--) {
      a.vfmadd213ps(target, x, constant(c[i]), repeated());
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
