package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Isa;
import java.util.function.BiConsumer;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GateMathTest {
  private static final double ULP = 0x1p-23;

  @ParameterizedTest
  @EnumSource(
      value = Isa.class,
      names = {"AVX2", "AVX512"})
  void sigmoid_isWithinTwoUlpOfOne(Isa isa) {
    check(isa, GateMath::sigmoid, x -> 1 / (1 + Math.exp(-x)), 0, 2 * ULP);
  }

  @ParameterizedTest
  @EnumSource(
      value = Isa.class,
      names = {"AVX2", "AVX512"})
  void sigmoid_hasSeventeenBits_whereItIsSmall(Isa isa) {
    check(isa, GateMath::sigmoid, x -> 1 / (1 + Math.exp(-x)), 0x1p-17, 0x1p-125);
  }

  @ParameterizedTest
  @EnumSource(
      value = Isa.class,
      names = {"AVX2", "AVX512"})
  void tanh_isWithinSixUlp(Isa isa) {
    check(isa, GateMath::tanh, Math::tanh, 6 * ULP, 0);
  }

  private static void check(
      Isa isa,
      BiConsumer<GateMath, Vec> function,
      DoubleUnaryOperator truth,
      double relative,
      double absolute) {
    VectorSet set = VectorSet.of(isa);
    VectorMathTest.check(
        isa,
        a -> {
          GateMath math = new GateMath(a, set, Gpr.RAX, set.register(1), set.register(2));
          math.loadConstants();
          return value -> function.accept(math, value);
        },
        truth,
        relative,
        absolute,
        VectorMathTest.arguments());
  }
}
