package io.compresso.kernel.jit.x86;

import io.compresso.kernel.UnaryFunction;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.tensor.DType;

/** Code of {@code c = f(a)}; the constants are alpha and beta, floats. */
final class UnaryCode extends RowsCode {
  private static final int UNROLL = 4;
  private static final int FIRST_FREE = 10;

  private final Source source;
  private final VectorMath math;
  private final Vec x = register(0);
  private final Vec t = register(1);
  private final Vec alpha = register(2);
  private final Vec beta = register(3);
  private final Vec zero = register(4);
  private final Vec one = register(5);
  private final Vec kept = register(6);

  /** The greatest float, for the logarithm, which pins no constants. */
  private final Vec greatest = register(FIRST_FREE);

  /** What the code depends on. */
  record Source(VectorSet set, UnaryFunction function, DType type) implements RowsCode.Source {
    @Override
    public RowsCode create() {
      return new UnaryCode(this);
    }
  }

  private UnaryCode(Source source) {
    super(source.set(), UNROLL);
    this.source = source;
    this.math = new VectorMath(a, set, MATH, register(7), register(8), register(9));
    Vec[] free = new Vec[Lanes.registers(set) - FIRST_FREE];
    for (int i = 0; i < free.length; i++) {
      free[i] = register(FIRST_FREE + i);
    }
    if (source.function() == UnaryFunction.LOG) {
      return;
    }
    math.pin(
        source.function() == UnaryFunction.GELU || source.function() == UnaryFunction.ERF
            ? VectorMath.ERF_CONSTANTS
            : VectorMath.EXP_CONSTANTS,
        free);
  }

  /** Whether there is code for the function. */
  static boolean has(UnaryFunction function) {
    return switch (function) {
      case SOFTPLUS, MISH -> false;
      default -> true;
    };
  }

  @Override
  void prologue() {
    math.loadConstants();
    a.vbroadcastss(alpha, Mem.at(CONSTANTS));
    a.vbroadcastss(beta, Mem.at(CONSTANTS, 4));
    lanes.broadcast(zero, 0f);
    lanes.broadcast(one, 1f);
    if (source.function() == UnaryFunction.LOG) {
      lanes.broadcast(greatest, Float.MAX_VALUE);
    }
  }

  @Override
  void row() {
    int bytes = Lanes.bytes(source.type());
    pass((step, tail) -> {
      lanes.load(x, source.type(), at(A, bytes, step), tail);
      apply();
      lanes.store(source.type(), at(C, bytes, step), x, tail);
    });
  }

  private void apply() {
    switch (source.function()) {
      case RELU -> a.vmaxps(x, zero, x);
      case LEAKY_RELU -> {
        a.vmulps(t, x, alpha);
        selectWhereNegative(x, t);
      }
      case CLIP -> {
        a.vmaxps(x, alpha, x);
        a.vminps(x, beta, x);
      }
      case AFFINE -> {
        a.vmulps(x, x, alpha);
        a.vaddps(x, x, beta);
      }
      case ABS -> {
        lanes.broadcast(t, Integer.MAX_VALUE);
        a.vandps(x, x, t);
      }
      case NEG -> {
        lanes.broadcast(t, Integer.MIN_VALUE);
        a.vxorps(x, x, t);
      }
      case SQRT -> a.vsqrtps(x, x);
      case RECIPROCAL -> a.vdivps(x, one, x);
      case FLOOR -> a.vround(x, x, ElementAssembler.Rounding.DOWN);
      case CEIL -> a.vround(x, x, ElementAssembler.Rounding.UP);
      case ROUND -> a.vround(x, x, ElementAssembler.Rounding.NEAREST);
      case EXP -> math.exp(x);
      case LOG -> log();
      case ERF -> math.erf(x);
      case SIGMOID -> math.sigmoid(x);
      case TANH -> math.tanh(x);
      case GELU -> math.gelu(x);
      case GELU_TANH -> math.geluTanh(x);
      case SWISH -> {
        a.vmovaps(kept, x);
        a.vmulps(x, x, alpha);
        math.sigmoid(x);
        a.vmulps(x, x, kept);
      }
      case HARD_SIGMOID -> {
        a.vmulps(x, x, alpha);
        a.vaddps(x, x, beta);
        a.vminps(x, one, x);
        a.vmaxps(x, zero, x);
      }
      case HARD_SWISH -> math.hardSwish(x);
      case ELU -> {
        a.vmovaps(kept, x);
        math.exp(x);
        a.vsubps(x, x, one);
        a.vmulps(t, x, alpha);
        a.vmovaps(x, kept);
        selectWhereNegative(x, t);
      }
      case SOFTSIGN -> {
        lanes.broadcast(t, Integer.MAX_VALUE);
        a.vandps(t, x, t);
        a.vaddps(t, t, one);
        a.vdivps(x, x, t);
      }
      case SOFTPLUS, MISH -> throw new IllegalStateException(source.function().toString());
    }
  }

  /** The logarithm, to which is added what it has at the ends of its range, and 0 in between. */
  private void log() {
    a.vsqrtps(t, x);
    a.vaddps(t, t, zero);
    a.vdivps(t, one, t);
    a.vsubps(t, t, greatest);
    a.vmaxps(t, zero, t);
    a.vsubps(kept, x, greatest);
    a.vmaxps(kept, zero, kept);
    a.vsubps(kept, kept, t);
    math.log(x);
    a.vaddps(x, x, kept);
  }

  /** {@code target = target < 0 ? other : target}, by the sign bit. */
  private void selectWhereNegative(Vec target, Vec other) {
    if (set == VectorSet.AVX512) {
      a.vpmovd2m(Mask.K2, target);
      a.vmovaps(target, other, Modifiers.merging(Mask.K2));
    } else {
      a.vblendvps(target, target, other, target);
    }
  }
}
