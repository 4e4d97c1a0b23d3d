package io.compresso.kernel;

import io.compresso.kernel.panel.ScratchGuard;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Holds a kernel of batched products to the reference, within a bound scaled by depth. */
final class BatchGemmLaws {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final float[] EXTREMES = {
    Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -0.0f, Float.MIN_VALUE
  };
  private static final double EPSILON = 0x1p-24;
  private static final double ACTIVATION_ERROR = 0x1p-20;

  private final Kernel kernel;
  private final LawMemory memory;
  private int cases;

  BatchGemmLaws(Kernel kernel, LawMemory memory) {
    this.kernel = kernel;
    this.memory = memory;
  }

  /** Problems that the kernel took. */
  int cases() {
    return cases;
  }

  /** Checks a problem that the kernel takes. */
  void check(BatchGemmProblem problem, Random random) {
    if (!kernel.accepts(problem, CpuFeatures.host()).accepted()) {
      return;
    }
    cases++;
    try (Arena arena = Arena.ofShared()) {
      boolean extreme = random.nextInt(4) == 0;
      MemorySegment a = random(arena, problem.inputBytes(), extreme, random);
      MemorySegment b = random(arena, problem.secondBytes(), extreme, random);
      MemorySegment third = random(arena, problem.thirdBytes(), false, random);
      MemorySegment bias = random(arena, problem.biasBytes(), false, random);
      MemorySegment expected = arena.allocate(problem.outputBytes(), 8);
      run(reference(), problem, bias, operands(problem, a, b, third, expected));
      GemmProblem each = problem.product();
      Epilogue epilogue = each.epilogue();
      BatchGemmProblem sums =
          new BatchGemmProblem(
              each.withEpilogue(
                  Epilogue.NONE.withBias(epilogue.bias()).withResidual(epilogue.residual())),
              problem.outer(),
              problem.inner(),
              problem.a(),
              problem.b(),
              problem.output());
      MemorySegment total = arena.allocate(problem.outputBytes(), 8);
      run(
          reference(),
          sums,
          magnitudes(arena, bias),
          operands(
              problem,
              magnitudes(arena, a),
              magnitudes(arena, b),
              magnitudes(arena, third),
              total));
      for (GuardedMemory.Place place : GuardedMemory.Place.values()) {
        MemorySegment actual = memory.output().buffer(problem.outputBytes(), place);
        Operands operands =
            operands(
                problem,
                memory.input().buffer(a.byteSize(), place).copyFrom(a),
                memory.second().buffer(b.byteSize(), place).copyFrom(b),
                memory.third().buffer(third.byteSize(), place).copyFrom(third),
                actual);
        run(kernel, problem, bias, operands);
        for (long at = 0; at < actual.byteSize(); at += 4) {
          double e = expected.get(FLOAT, at);
          double roundings = (each.k() + 3) * EPSILON * Math.abs(total.get(FLOAT, at));
          double bound =
              epilogue.activation() == Activation.NONE
                  ? roundings
                  : 1.5 * roundings + ACTIVATION_ERROR * Math.max(1, Math.abs(e));
          double value = actual.get(FLOAT, at);
          boolean equal =
              Double.isFinite(e)
                  ? Math.abs(value - e) <= bound + Float.MIN_NORMAL
                  : Double.compare(value, e) == 0;
          if (!equal) {
            throw new AssertionError(
                "%s, %s, %s: element %d is %s, not %s"
                    .formatted(kernel.spec().id(), problem, place, at / 4, value, e));
          }
        }
      }
    }
  }

  private static Kernel reference() {
    return KernelCatalog.of(KernelFamily.BATCH_GEMM).getLast();
  }

  private static Operands operands(
      BatchGemmProblem problem,
      MemorySegment a,
      MemorySegment b,
      @Nullable MemorySegment third,
      MemorySegment output) {
    return Operands.of(a, b, output).withThird(problem.thirdBytes() == 0 ? null : third);
  }

  /** Runs on an output of zeroes, so that elements between the results can be told. */
  private void run(Kernel kernel, BatchGemmProblem problem, MemorySegment bias, Operands operands) {
    operands.output().fill((byte) 0);
    Weights weights =
        problem.product().epilogue().bias() ? Weights.NONE.withBias(bias) : Weights.NONE;
    try (ScratchGuard _ = memory.guardScratch();
        PreparedKernel prepared = kernel.prepare(problem, weights)) {
      prepared.run(operands, 2);
    }
  }

  /**
   * Values from -1 to 1.
   *
   * @param extreme whether a few are zero or not finite
   */
  private static MemorySegment random(Arena arena, long bytes, boolean extreme, Random random) {
    MemorySegment segment = arena.allocate(bytes, 8).asSlice(0, bytes);
    for (long at = 0; at < bytes; at += 4) {
      boolean special = extreme && random.nextInt(40) == 0;
      segment.set(
          FLOAT,
          at,
          special ? EXTREMES[random.nextInt(EXTREMES.length)] : random.nextFloat() * 2 - 1);
    }
    return segment;
  }

  private static MemorySegment magnitudes(Arena arena, MemorySegment values) {
    MemorySegment result = arena.allocate(values.byteSize(), 8).copyFrom(values);
    for (long at = 0; at < values.byteSize(); at += 4) {
      result.set(FLOAT, at, Math.abs(result.get(FLOAT, at)));
    }
    return result.asSlice(0, values.byteSize());
  }
}
