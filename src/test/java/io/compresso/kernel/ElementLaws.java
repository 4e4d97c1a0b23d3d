package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.kernel.GuardedMemory.Place;
import io.compresso.kernel.panel.ScratchGuard;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Holds a kernel of a memory-bound family to the reference, on buffers that begin after and end at
 * guard pages: integers bit for bit, floats within bounds.
 */
final class ElementLaws {
  /** Sizes around the lengths of registers, and primes. */
  static final int[] SIZES = {
    0, 1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33, 47, 61, 63, 64, 65, 67, 127, 128, 131, 257,
    521
  };

  private static final float[] EXTREMES = {
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    0f,
    -0f,
    Float.MIN_VALUE,
    -Float.MIN_NORMAL,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    88.5f,
    -87.5f,
    -103.9f
  };

  private final Kernel kernel;
  private final Kernel reference;
  private final LawMemory memory;
  private int cases;

  ElementLaws(Kernel kernel) {
    this(kernel, LawMemory.of(1 << 20));
  }

  ElementLaws(Kernel kernel, LawMemory memory) {
    this.kernel = kernel;
    this.memory = memory;
    this.reference = KernelCatalog.of(kernel.spec().family()).getLast();
  }

  /** Problems that the kernel took. */
  int cases() {
    return cases;
  }

  /**
   * How far floats may be off: {@code absolute + relative * |expected|}.
   *
   * @param magnitudes the absolute part counts in the greatest magnitude of the input
   */
  record Bound(double absolute, double relative, boolean magnitudes) {
    static final Bound EXACT = new Bound(0, 0, false);

    static Bound ulps(double count) {
      return new Bound(Float.MIN_NORMAL, count * 0x1p-23, false);
    }
  }

  /** The zero point and the scale that come with a run. */
  record RunQuantization(int zeroPoint, float scale) {}

  /**
   * A problem with its operands.
   *
   * @param second empty when there is none
   * @param constant whether the second operand is given as constant weights
   * @param inPlace whether the output may be the input
   */
  record Case(
      Problem problem,
      Weights weights,
      Tensor input,
      @Nullable Tensor second,
      @Nullable Tensor third,
      DType output,
      boolean inPlace,
      RunQuantization quantization) {
    static Case of(Problem problem, Tensor input, DType output) {
      return new Case(
          problem, Weights.NONE, input, null, null, output, false, new RunQuantization(0, 1));
    }

    Case with(RunQuantization newQuantization) {
      return new Case(problem, weights, input, second, third, output, inPlace, newQuantization);
    }

    Case with(Weights newWeights) {
      return new Case(problem, newWeights, input, second, third, output, inPlace, quantization);
    }

    Case withSecond(@Nullable Tensor newSecond) {
      return new Case(problem, weights, input, newSecond, third, output, inPlace, quantization);
    }

    Case withThird(@Nullable Tensor newThird) {
      return new Case(problem, weights, input, second, newThird, output, inPlace, quantization);
    }

    Case inPlace(boolean newInPlace) {
      return new Case(problem, weights, input, second, third, output, newInPlace, quantization);
    }
  }

  /** A case, and how far its floats may be off. */
  record Trial(Case given, Bound bound) {}

  /** Checks a case that the kernel takes, with the second operand given and as a constant. */
  void check(Trial trial) {
    Case given = trial.given();
    Bound bound = trial.bound();
    if (!kernel.accepts(given.problem(), CpuFeatures.host()).accepted()) {
      return;
    }
    cases++;
    Tensor expected = run(reference, given, null, false);
    for (Place place : Place.values()) {
      compare(given, place.toString(), run(kernel, given, place, false), expected, bound);
      if (given.second() != null) {
        compare(given, place + ", constant", run(kernel, given, place, true), expected, bound);
      }
    }
  }

  private Tensor run(Kernel runner, Case given, @Nullable Place place, boolean constant) {
    Problem problem = given.problem();
    DType type = given.output();
    Tensor result = Tensor.allocate(type, Shape.of(problem.outputBytes() * 8 / type.bits()));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment x = placed(arena, memory.input(), given.input(), place);
      MemorySegment b =
          given.second() == null ? null : placed(arena, memory.second(), given.second(), place);
      MemorySegment r =
          given.third() == null ? null : placed(arena, memory.third(), given.third(), place);
      boolean inPlace = given.inPlace() && place == Place.ENDS_AT_A_GUARD;
      MemorySegment y =
          inPlace
              ? x
              : place == null
                  ? result.segment()
                  : memory.output().buffer(problem.outputBytes(), place);
      if (!inPlace) {
        y.fill((byte) 0);
      }
      Weights weights = constant ? given.weights().withData(b) : given.weights();
      try (ScratchGuard _ = memory.guardScratch();
          PreparedKernel prepared = runner.prepare(problem, weights)) {
        prepared.run(
            new Operands(
                x,
                constant ? null : b,
                r,
                y,
                given.quantization().zeroPoint(),
                given.quantization().scale()),
            2);
      }
      if (!inPlace) {
        assertThat(x.mismatch(given.input().segment())).as("input is unchanged").isEqualTo(-1);
      }
      if (place != null) {
        result.segment().copyFrom(y);
      }
    }
    return result;
  }

  private static MemorySegment placed(
      Arena arena, GuardedMemory guarded, Tensor content, @Nullable Place place) {
    MemorySegment segment = content.segment();
    MemorySegment target =
        place == null
            ? arena.allocate(segment.byteSize(), 64)
            : guarded.buffer(segment.byteSize(), place);
    return target.copyFrom(segment);
  }

  private void compare(Case given, String how, Tensor actual, Tensor expected, Bound bound) {
    double unit = unit(given.output());
    double scale = bound.magnitudes() ? greatest(given.input()) : 1;
    for (int i = 0; i < expected.size(); i++) {
      double a = actual.getDouble(i);
      double e = expected.getDouble(i);
      boolean exact = !given.output().isFloat() || !Double.isFinite(e) || !Double.isFinite(a);
      double allowed =
          bound.absolute() * scale + (bound.relative() + unit) * Math.abs(e) + tiny(given.output());
      boolean right = exact ? Double.compare(a + 0.0, e + 0.0) == 0 : Math.abs(a - e) <= allowed;
      if (given.output().isFloat()) {
        boolean sumOverflows = bound.magnitudes() && !Double.isFinite(a) && scale > 1e37;
        right |= sumOverflows || overflows(a, e, given.output());
      }
      if (!right) {
        throw new AssertionError(
            "%s, %s, %s: element %d is %s, not %s"
                .formatted(kernel.spec().id(), given.problem(), how, i, a, e));
      }
    }
  }

  /** Whether one is infinite and the other the greatest finite value, but for its last places. */
  private static boolean overflows(double a, double e, DType type) {
    double greatest = type == DType.FLOAT16 ? 65504 : type == DType.BFLOAT16 ? 3.3e38 : 3.4e38;
    return Math.signum(a) == Math.signum(e) && Math.min(Math.abs(a), Math.abs(e)) >= greatest;
  }

  /** One rounding of a narrow type, which may fall on either side. */
  private static double unit(DType type) {
    return switch (type) {
      case FLOAT16 -> 0x1p-10;
      case BFLOAT16 -> 0x1p-7;
      default -> 0;
    };
  }

  private static double tiny(DType type) {
    return switch (type) {
      case FLOAT16 -> 0x1p-24;
      default -> Float.MIN_VALUE;
    };
  }

  private static double greatest(Tensor input) {
    double greatest = 0;
    for (int i = 0; i < input.size(); i++) {
      double value = Math.abs(input.getDouble(i));
      if (Double.isFinite(value)) {
        greatest = Math.max(greatest, value);
      }
    }
    return greatest;
  }

  /** Random elements; among extreme ones NaN and infinities, or the least and greatest integers. */
  static Tensor random(DType type, long count, boolean extreme, Random random) {
    Tensor tensor = Tensor.allocate(type, Shape.of(count));
    for (int i = 0; i < count; i++) {
      if (type.isFloat()) {
        double value = random.nextGaussian() * (extreme ? 50 : 2);
        tensor.setDouble(
            i,
            extreme && random.nextInt(4) == 0 ? EXTREMES[random.nextInt(EXTREMES.length)] : value);
      } else if (extreme) {
        tensor.setLong(i, random.nextBoolean() ? type.minValue() : type.maxValue());
      } else {
        tensor.setLong(i, type.bits() > 16 ? random.nextInt() : random.nextInt(1 << type.bits()));
      }
    }
    return tensor;
  }

  static int size(Random random) {
    return SIZES[random.nextInt(SIZES.length)];
  }

  @SafeVarargs
  static <T> T oneOf(Random random, T... values) {
    return values[random.nextInt(values.length)];
  }
}
