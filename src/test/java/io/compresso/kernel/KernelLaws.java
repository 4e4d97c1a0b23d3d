package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.kernel.GuardedMemory.Place;
import io.compresso.kernel.composed.ComposedKernel;
import io.compresso.kernel.jit.x86.AmxKernels;
import io.compresso.kernel.jit.x86.X86WinogradConv;
import io.compresso.kernel.panel.ScratchGuard;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Holds a kernel to the reference: integers bit for bit, floats within a bound scaled by depth. */
final class KernelLaws {
  private static final float EPSILON = 0x1p-24f;
  private static final double STEEPEST_ACTIVATION = 1.5;
  private static final double ACTIVATION_ERROR = 0x1p-20;

  /** Cases of a kernel after which it is believed, for slow machines. */
  private static final int MOST_CASES =
      Integer.getInteger("compresso.laws.cases", Integer.MAX_VALUE);

  /** Roundings of the transforms of tiles, with what they enlarge. */
  private static final int TILE_ROUNDINGS = 100;

  private final Kernel kernel;
  private final Kernel reference;
  private final LawMemory memory;
  private int cases;

  /** What the operands of a case are filled with. */
  enum Content {
    ORDINARY,
    /** The least and greatest bytes; NaN and infinities among floats. */
    EXTREME
  }

  KernelLaws(Kernel kernel) {
    this(kernel, LawMemory.of(1 << 22));
  }

  KernelLaws(Kernel kernel, LawMemory memory) {
    this.kernel = kernel;
    this.memory = memory;
    this.reference = KernelCatalog.of(kernel.spec().family()).getLast();
  }

  /**
   * The kernels below the machine's cap that are not the reference, those of AMX for problems of
   * any size; only those of machine code, and those made of others, when the system property {@code
   * compresso.laws} is {@code machine-code}.
   */
  static List<Kernel> kernels(KernelFamily family) {
    boolean portable = !System.getProperty("compresso.laws", "").equals("machine-code");
    return KernelCatalog.of(family).stream()
        .filter(kernel -> kernel.spec().isa() != Isa.REF)
        .filter(kernel ->
            portable || kernel.spec().isa().isMachineCode() || kernel instanceof ComposedKernel)
        .filter(kernel -> CpuFeatures.host().supports(kernel.spec().isa()).accepted())
        .flatMap(kernel ->
            kernel.spec().isa() == Isa.AMX ? AmxKernels.ofAnySize(kernel) : Stream.of(kernel))
        .toList();
  }

  /** Problems that the kernel took. */
  int cases() {
    return cases;
  }

  /** States how many problems the kernel took, of at least 200. */
  void finish() {
    System.out.printf("law: %s holds in %d cases%n", kernel.spec().id(), cases);
    assertThat(cases)
        .as("cases of %s", kernel.spec().id())
        .isGreaterThanOrEqualTo(Math.min(200, MOST_CASES));
  }

  /**
   * Checks one problem, both with constant weights and with weights given to the run, run once and
   * bound to its memory and run twice.
   */
  void check(ProductProblem problem, Content content, long seed) {
    if (cases == MOST_CASES || !kernel.accepts(problem, CpuFeatures.host()).accepted()) {
      return;
    }
    cases++;
    Random random = new Random(seed);
    OperandTypes types = problem.types();
    try (Arena arena = Arena.ofShared()) {
      MemorySegment x = random(arena, types.input(), problem.inputBytes(), content, random);
      MemorySegment residual =
          problem.thirdBytes() == 0
              ? null
              : random(arena, types.output(), problem.thirdBytes(), Content.ORDINARY, random);
      Weights constants = weights(arena, problem, content, random);
      MemorySegment w = Objects.requireNonNull(constants.data());
      Weights none = constants.withData(null);
      int zeroPoint =
          types.input() == DType.UINT8 ? random.nextInt(256) : random.nextInt(256) - 128;
      Data data = new Data(zeroPoint, x, w, residual);
      Tensor expected = run(reference, problem, constants, data, null);
      double[] bounds =
          !isOfIntegers(types)
              ? bounds(problem, constants, data, expected)
              : problem.epilogue().activation() == Activation.NONE
                  ? new double[0]
                  : int8Bounds(problem, constants, data, expected);
      for (Place place : Place.values()) {
        Tensor actual = run(kernel, problem, constants, data, place);
        compare(problem, place + ", constant weights", actual, expected, bounds);
        actual = run(kernel, problem, none, data, place);
        compare(problem, place + ", given weights", actual, expected, bounds);
      }
    }
  }

  /** Constant weights with all that may come with them. */
  static Weights weights(Arena arena, ProductProblem problem, Content content, Random random) {
    OperandTypes types = problem.types();
    DType biasType = problem.biasType();
    return new Weights(
        random(arena, types.weight(), problem.weightBytes(), content, random),
        problem.epilogue().bias()
            ? random(
                arena, biasType, biasType.bytes(problem.outputChannels()), Content.ORDINARY, random)
            : null,
        isOfIntegers(types) ? quantization(problem, random) : WeightQuantization.NONE,
        new ResidualQuantization(
            random.nextFloat(), random.nextInt(100), random.nextFloat(), random.nextInt(100)));
  }

  private static boolean isOfIntegers(OperandTypes types) {
    return types.isInt8() || types.quantizesRows();
  }

  /** The operands of a case. */
  private record Data(
      int zeroPoint, MemorySegment x, MemorySegment w, @Nullable MemorySegment residual) {}

  private Tensor run(
      Kernel runner, ProductProblem problem, Weights constants, Data data, @Nullable Place place) {
    DType type = problem.types().output();
    Shape shape = Shape.of(problem.outputBytes() * 8 / type.bits());
    Tensor result = Tensor.allocate(type, shape);
    MemorySegment in = placed(memory.input(), data.x(), place);
    MemorySegment given = placed(memory.second(), data.w(), place);
    MemorySegment added =
        data.residual() == null ? null : placed(memory.third(), data.residual(), place);
    MemorySegment out =
        place == null ? result.segment() : memory.output().buffer(problem.outputBytes(), place);
    out.fill((byte) 0x5A);
    boolean constant = constants.data() != null;
    Weights used = constants.withData(constant ? given : null);
    Operands operands =
        new Operands(in, constant ? null : given, added, out, data.zeroPoint(), 0.37f);
    try (ScratchGuard _ = memory.guardScratch();
        PreparedKernel prepared = runner.prepare(problem, used)) {
      if (place == Place.ENDS_AT_A_GUARD) {
        Runnable bound = prepared.bind(operands, 2);
        bound.run();
        out.fill((byte) 0x5A);
        bound.run();
      } else {
        prepared.run(operands, 2);
      }
    }
    result.segment().copyFrom(out);
    assertThat(in.mismatch(data.x())).as("input is unchanged").isEqualTo(-1);
    return result;
  }

  private static MemorySegment placed(
      GuardedMemory guarded, MemorySegment content, @Nullable Place place) {
    return place == null ? content : guarded.buffer(content.byteSize(), place).copyFrom(content);
  }

  /**
   * How far each float may be off: so many roundings of the sum of the products' magnitudes,
   * enlarged by the steepest activation, {@link #ACTIVATION_ERROR} of the result, and a step of the
   * output's type. Where outputs share their errors with their neighbours, the largest of the sums
   * counts for all.
   */
  private double[] bounds(ProductProblem problem, Weights constants, Data data, Tensor expected) {
    OperandTypes types = problem.types();
    MemorySegment w = magnitudes(types.weight(), data.w());
    Weights magnitudes =
        constants
            .withData(w)
            .withBias(
                constants.bias() == null ? null : magnitudes(problem.biasType(), constants.bias()));
    Data magnified =
        new Data(
            0,
            magnitudes(types.input(), data.x()),
            w,
            data.residual() == null ? null : magnitudes(types.output(), data.residual()));
    Tensor total = run(reference, sums(problem), magnitudes, magnified, null);
    long depth = problem.macs() / Math.max(1, total.size()) + 2;
    double[] bounds = new double[(int) total.size()];
    boolean shared = sharesErrors(problem);
    double largest = 0;
    for (int i = 0; i < bounds.length; i++) {
      double sum = total.getDouble(i);
      largest = Double.isFinite(sum) ? Math.max(largest, sum) : largest;
    }
    for (int i = 0; i < bounds.length; i++) {
      double roundings =
          shared
              ? (depth + TILE_ROUNDINGS) * EPSILON * largest
              : depth * EPSILON * total.getDouble(i);
      bounds[i] = bound(problem, roundings, expected.getDouble(i));
    }
    return bounds;
  }

  /** Whether results of a tile share the errors of all its elements. */
  private boolean sharesErrors(ProductProblem problem) {
    Kernel used =
        switch (kernel) {
          case ChosenKernel _ -> KernelCatalog.choose(problem);
          case ComposedKernel _ ->
              KernelCatalog.choose(sums(problem.withTypes(OperandTypes.FLOAT)));
          default -> kernel;
        };
    return used instanceof X86WinogradConv;
  }

  /** How far activations of 8-bit products may be off, whose sums are exact until then. */
  private double[] int8Bounds(
      ProductProblem problem, Weights constants, Data data, Tensor expected) {
    Tensor sums = run(reference, sums(problem), constants, data, null);
    double[] bounds = new double[(int) sums.size()];
    for (int i = 0; i < bounds.length; i++) {
      double roundings = 2 * EPSILON * Math.abs(sums.getDouble(i));
      bounds[i] = bound(problem, roundings, expected.getDouble(i));
    }
    return bounds;
  }

  private static ProductProblem sums(ProductProblem problem) {
    Epilogue epilogue = problem.epilogue();
    Epilogue sum = Epilogue.NONE.withBias(epilogue.bias()).withResidual(epilogue.residual());
    return switch (problem) {
      case GemmProblem gemm -> gemm.withEpilogue(sum);
      case ConvProblem conv -> conv.withEpilogue(sum);
    };
  }

  private static double bound(ProductProblem problem, double roundings, double expected) {
    double stored =
        switch (problem.types().output()) {
          case FLOAT16 -> 0x1p-10 * Math.abs(expected) + 0x1p-24;
          case BFLOAT16 -> 0x1p-7 * Math.abs(expected);
          default -> 0;
        };
    double activated =
        problem.epilogue().activation() == Activation.NONE
            ? roundings
            : STEEPEST_ACTIVATION * roundings + ACTIVATION_ERROR * Math.max(1, Math.abs(expected));
    return activated + stored + Float.MIN_NORMAL * flushed(problem);
  }

  /** How many terms may be lost as subnormal: the arithmetic of bfloat16 takes each for 0. */
  private static double flushed(ProductProblem problem) {
    long outputs = problem.outputBytes() * 8 / problem.types().output().bits();
    return problem.types().input() == DType.BFLOAT16
        ? 1 + (double) problem.macs() / Math.max(1, outputs)
        : 1;
  }

  private static MemorySegment magnitudes(DType type, MemorySegment floats) {
    Shape shape = Shape.of(floats.byteSize() * 8 / type.bits());
    Tensor values = Tensor.wrap(type, shape, floats).copy();
    for (int i = 0; i < values.size(); i++) {
      values.setDouble(i, Math.abs(values.getDouble(i)));
    }
    return values.segment();
  }

  private void compare(
      ProductProblem problem, String how, Tensor actual, Tensor expected, double[] bounds) {
    for (int i = 0; i < expected.size(); i++) {
      double a = actual.getDouble(i);
      double e = expected.getDouble(i);
      boolean right =
          bounds.length == 0 || !Double.isFinite(e) || !Double.isFinite(a)
              ? Double.compare(a + 0.0, e + 0.0) == 0
              : Math.abs(a - e) <= bounds[i];
      if (!right) {
        throw new AssertionError(
            "%s, %s, %s: element %d is %s, not %s"
                .formatted(kernel.spec().id(), problem, how, i, a, e));
      }
    }
  }

  private static WeightQuantization quantization(ProductProblem problem, Random random) {
    int channels = problem.outputChannels();
    int count = random.nextBoolean() ? 1 : channels;
    int[] zeroPoints = new int[count];
    float[] scales = new float[random.nextBoolean() ? 1 : channels];
    boolean symmetric = random.nextInt(3) == 0;
    for (int i = 0; i < count && !symmetric; i++) {
      zeroPoints[i] = random.nextInt(256) - (problem.types().weight() == DType.INT8 ? 128 : 0);
    }
    for (int i = 0; i < scales.length; i++) {
      scales[i] = random.nextInt(8) == 0 ? 1e10f : random.nextFloat() * 0.01f;
    }
    int zero = random.nextInt(256) - (problem.types().output() == DType.INT8 ? 128 : 0);
    return new WeightQuantization(zeroPoints, scales, zero);
  }

  private static MemorySegment random(
      Arena arena, DType type, long bytes, Content content, Random random) {
    MemorySegment segment = arena.allocate(bytes, 64);
    Tensor tensor = Tensor.wrap(type, Shape.of(bytes * 8 / type.bits()), segment);
    for (int i = 0; i < tensor.size(); i++) {
      if (type.isFloat()) {
        tensor.setDouble(i, random.nextFloat() * 2 - 1);
      } else if (type.bits() == 8) {
        tensor.setLong(
            i,
            content == Content.EXTREME
                ? (random.nextBoolean() ? type.minValue() : type.maxValue())
                : random.nextInt(256));
      } else {
        tensor.setLong(i, random.nextInt(20_000) - 10_000);
      }
    }
    if (type.isFloat() && content == Content.EXTREME && tensor.size() > 0) {
      // The arithmetic of bfloat16 takes subnormal numbers for 0.
      double least = type == DType.BFLOAT16 ? Float.MIN_NORMAL : Float.MIN_VALUE;
      double[] extremes = {
        Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, -0.0, least
      };
      for (double extreme : extremes) {
        tensor.setDouble(random.nextInt((int) tensor.size()), extreme);
      }
    }
    return segment;
  }
}
