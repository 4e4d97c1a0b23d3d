package io.compresso.kernel.jit.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.jit.NativeCall;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class VectorMathTest {
  private static final double ULP = 0x1p-23;

  @ParameterizedTest
  @EnumSource(
      value = Isa.class,
      names = {"AVX2", "AVX512"})
  void exp_isWithinTwoUlp(Isa isa) {
    check(isa, VectorMath::exp, Math::exp, 2 * ULP, 0);
  }

  @ParameterizedTest
  @EnumSource(
      value = Isa.class,
      names = {"AVX2", "AVX512"})
  void sigmoid_isWithinThreeUlp(Isa isa) {
    check(isa, VectorMath::sigmoid, x -> 1 / (1 + Math.exp(-x)), 3 * ULP, Float.MIN_NORMAL);
  }

  @ParameterizedTest
  @EnumSource(
      value = Isa.class,
      names = {"AVX2", "AVX512"})
  void tanh_isWithinThreeUlp(Isa isa) {
    check(isa, VectorMath::tanh, Math::tanh, 3 * ULP, 0);
  }

  @ParameterizedTest
  @EnumSource(
      value = Isa.class,
      names = {"AVX2", "AVX512"})
  void erf_isWithinFourUlp(Isa isa) {
    check(isa, VectorMath::erf, VectorMathTest::erf, 4 * ULP, 0);
  }

  @ParameterizedTest
  @EnumSource(
      value = Isa.class,
      names = {"AVX2", "AVX512"})
  void log_isWithinTwoUlp_ofFiniteNumbersAboveZero(Isa isa) {
    check(isa, VectorMath::log, Math::log, 2 * ULP, 0, positive());
  }

  @ParameterizedTest
  @EnumSource(
      value = Isa.class,
      names = {"AVX2", "AVX512"})
  void gelu_isWithinAMillionth(Isa isa) {
    check(isa, VectorMath::gelu, x -> x / 2 * (1 + erf(x * Math.sqrt(0.5))), 4 * ULP, 0.7e-6);
  }

  @ParameterizedTest
  @EnumSource(
      value = Isa.class,
      names = {"AVX2", "AVX512"})
  void geluTanh_isWithinAMillionth(Isa isa) {
    DoubleUnaryOperator truth =
        x -> x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    check(isa, VectorMath::geluTanh, truth, 4 * ULP, 0.7e-6);
  }

  @ParameterizedTest
  @EnumSource(
      value = Isa.class,
      names = {"AVX2", "AVX512"})
  void swish_isWithinFourUlp(Isa isa) {
    check(isa, VectorMath::swish, x -> x / (1 + Math.exp(-x)), 4 * ULP, 0x1p-120);
  }

  @ParameterizedTest
  @EnumSource(
      value = Isa.class,
      names = {"AVX2", "AVX512"})
  void hardSwish_isWithinAMillionth(Isa isa) {
    check(isa, VectorMath::hardSwish, x -> x * Math.clamp(x / 6 + 0.5, 0, 1), 2 * ULP, 3 * ULP);
  }

  private static void check(
      Isa isa,
      BiConsumer<VectorMath, Vec> function,
      DoubleUnaryOperator truth,
      double relative,
      double absolute) {
    check(isa, function, truth, relative, absolute, arguments());
  }

  private static void check(
      Isa isa,
      BiConsumer<VectorMath, Vec> function,
      DoubleUnaryOperator truth,
      double relative,
      double absolute,
      float[] x) {
    VectorSet set = VectorSet.of(isa);
    Function<Assembler, Consumer<Vec>> emitter =
        a -> {
          VectorMath math =
              new VectorMath(a, set, Gpr.RAX, set.register(1), set.register(2), set.register(3));
          math.loadConstants();
          return value -> function.accept(math, value);
        };
    check(isa, emitter, truth, relative, absolute, x);
  }

  /**
   * Holds a function to the truth.
   *
   * @param emitter emits what is done once, and gives what emits the function of a register, of
   *     which registers 1 to 3 and {@code RAX} are free
   */
  static void check(
      Isa isa,
      Function<Assembler, Consumer<Vec>> emitter,
      DoubleUnaryOperator truth,
      double relative,
      double absolute,
      float[] x) {
    assumeTrue(CpuFeatures.host().supports(isa).accepted());
    float[] y = apply(VectorSet.of(isa), emitter, x);
    for (int i = 0; i < x.length; i++) {
      double expected = truth.applyAsDouble(x[i]);
      boolean right =
          Float.isFinite((float) expected)
              ? Math.abs(y[i] - expected)
                  <= relative * Math.abs(expected) + absolute + Float.MIN_VALUE
              : Float.compare(y[i], (float) expected) == 0;
      assertThat(right).as("f(%s) is %s, not %s", x[i], y[i], expected).isTrue();
    }
  }

  /** Floats that are special, and many in the range of exponentials. */
  static float[] arguments() {
    float[] special = {
      0,
      -0.0f,
      Float.NaN,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      Float.MIN_VALUE,
      -Float.MIN_NORMAL,
      Float.MAX_VALUE,
      -Float.MAX_VALUE,
      88.7f,
      89,
      -87.5f,
      -103.5f,
      -104,
      1e30f,
      -1e30f
    };
    int grid = 1 << 15;
    float[] x = new float[special.length + 2 * grid];
    System.arraycopy(special, 0, x, 0, special.length);
    for (int i = 0; i < grid; i++) {
      x[special.length + i] = -110 + 220f * i / grid;
      x[special.length + grid + i] = -6 + 12f * i / grid;
    }
    return x;
  }

  /** Floats above 0 of all exponents, and many around 1. */
  private static float[] positive() {
    int grid = 1 << 14;
    float[] x = new float[2 * grid];
    int step = Float.floatToRawIntBits(Float.MAX_VALUE) / grid;
    for (int i = 0; i < grid; i++) {
      x[i] = Float.intBitsToFloat(1 + i * step);
      x[grid + i] = 0.5f + 2f * i / grid;
    }
    return x;
  }

  private static float[] apply(
      VectorSet set, Function<Assembler, Consumer<Vec>> emitter, float[] x) {
    Assembler a = new Assembler();
    Consumer<Vec> function = emitter.apply(a);
    var loop = a.here();
    Vec value = set.register(0);
    set.load(a, value, Mem.at(Gpr.RDI), false);
    function.accept(value);
    set.store(a, Mem.at(Gpr.RDX), value, false);
    a.add(Gpr.RDI, set.length().bytes());
    a.add(Gpr.RDX, set.length().bytes());
    a.dec(Gpr.R8);
    a.jump(Assembler.Condition.NOT_EQUAL, loop);
    a.vzeroupper();
    a.ret();
    try (ExecutableMemory memory = ExecutableMemory.of(a.toBytes());
        Arena arena = Arena.ofConfined()) {
      MemorySegment in = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x);
      MemorySegment out = arena.allocate(4L * x.length, 64);
      MemorySegment none = MemorySegment.NULL;
      NativeCall.block(memory.entry(), in, none, out, none, x.length / set.lanes(), 0, none);
      return out.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  /** By the series of its definition in double precision. */
  private static double erf(double x) {
    if (!(Math.abs(x) < 6)) {
      return Double.isNaN(x) ? x : Math.signum(x);
    }
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > Math.abs(sum) * 0x1p-54; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }
}
