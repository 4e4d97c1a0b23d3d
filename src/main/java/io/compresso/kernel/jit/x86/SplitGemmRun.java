package io.compresso.kernel.jit.x86;

import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.ZeroedMemory;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.jit.x86.GemmProduct.Tiles;
import io.compresso.kernel.panel.Scratch;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A prepared product of half-precision floats in tiles of bfloat16. Each factor is the sum of two
 * bfloat16, x = x1 + x2, exactly; of the four products x1 y1 + x1 y2 + x2 y1 + x2 y2 the last is
 * left out, which is at most {@code 2^-18 |x y|}. The three others are one product of three times
 * the depth, of [x1 x1 x2] with [y1 y2 y1].
 *
 * <p>Infinities and NaN cannot be split so: a run with one is left to the product that widens.
 */
final class SplitGemmRun implements PreparedKernel {
  private static final int PARTS = 3;
  private static final int GRAIN = 32;
  private static final int FLAG_BYTES = 64;
  private static final int ROWS_PER_CHUNK = 16;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  private final KernelSpec spec;
  private final GemmProblem problem;
  private final int padded;
  private final PreparedKernel product;
  private final PreparedKernel widening;
  private final CodeCache.Lease split;

  private SplitGemmRun(
      KernelSpec spec, GemmProblem problem, PreparedKernel product, PreparedKernel widening) {
    this.spec = spec;
    this.problem = problem;
    this.product = product;
    this.widening = widening;
    this.padded = padded(problem);
    SplitCode code = new SplitCode(problem.k(), padded, rowBytes(padded));
    this.split = CodeCache.lease(code, code::generate);
  }

  /**
   * Prepares a product; one whose weights are not finite or come with a run, or whose left operand
   * is transposed, is not split.
   */
  static PreparedKernel of(KernelSpec spec, GemmProblem problem, Weights weights, Tiles tiles) {
    KernelSpec plain =
        new KernelSpec(
            spec.id(), spec.family(), spec.inputTypes(), spec.tile(), spec.packing(), Isa.AVX512);
    PreparedKernel widening = new FloatGemmRun(plain, problem, weights, Factors.FLOATS, null);
    MemorySegment data = weights.data();
    if (data == null || problem.transpose().a() || !isFinite(data)) {
      return widening;
    }
    int padded = padded(problem);
    GemmProblem parts =
        new GemmProblem(
            new OperandTypes(DType.BFLOAT16, DType.BFLOAT16, problem.types().output()),
            problem.m(),
            problem.n(),
            PARTS * padded,
            GemmProblem.Transpose.NONE,
            problem.epilogue());
    try (Arena arena = Arena.ofShared()) {
      MemorySegment matrix = splitWeights(arena, problem, data, padded);
      PreparedKernel product =
          new FloatGemmRun(spec, parts, weights.withData(matrix), Factors.BFLOAT16_PAIRS, tiles);
      return new SplitGemmRun(spec, problem, product, widening);
    }
  }

  private static int padded(GemmProblem problem) {
    return Math.ceilDiv(problem.k(), GRAIN) * GRAIN;
  }

  private static long rowBytes(int padded) {
    return 2L * PARTS * padded;
  }

  private static boolean isFinite(MemorySegment halves) {
    for (long at = 0; at < halves.byteSize(); at += 2) {
      if (!Float.isFinite(Float.float16ToFloat(halves.get(SHORT, at)))) {
        return false;
      }
    }
    return true;
  }

  private static MemorySegment splitWeights(
      Arena arena, GemmProblem problem, MemorySegment data, int padded) {
    int n = problem.n();
    int k = problem.k();
    MemorySegment matrix = ZeroedMemory.allocate(arena, Math.max(1, 2L * PARTS * padded * n), 64);
    boolean transposed = problem.transpose().b();
    for (int p = 0; p < k; p++) {
      for (int j = 0; j < n; j++) {
        long index = transposed ? (long) j * k + p : (long) p * n + j;
        float value = Float.float16ToFloat(data.get(SHORT, 2 * index));
        short first = toBfloat16(value);
        short second = toBfloat16(value - Float.intBitsToFloat(first << 16));
        matrix.set(SHORT, 2 * ((long) p * n + j), first);
        matrix.set(SHORT, 2 * ((long) (padded + p) * n + j), second);
        matrix.set(SHORT, 2 * ((long) (2 * padded + p) * n + j), first);
      }
    }
    return matrix.asSlice(0, 2L * PARTS * padded * n);
  }

  /** Rounds a finite float, halves to even. */
  private static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
  }

  @Override
  public GemmProblem problem() {
    return problem;
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public void run(Operands operands, int threads) {
    operands.require(problem, true);
    int m = problem.m();
    int chunks = Math.ceilDiv(m, ROWS_PER_CHUNK);
    try (Scratch rows = Scratch.of(m * rowBytes(padded));
        Scratch flags = Scratch.of((long) FLAG_BYTES * chunks)) {
      Workers.shared().run(chunks, threads, chunk -> split(operands.input(), rows, flags, chunk));
      if (isFlagged(flags.segment())) {
        widening.run(operands, threads);
        return;
      }
      product.run(
          new Operands(rows.segment(), null, operands.third(), operands.output(), 0, 1), threads);
    }
  }

  private void split(MemorySegment input, Scratch rows, Scratch flags, int chunk) {
    int first = chunk * ROWS_PER_CHUNK;
    MemorySegment none = MemorySegment.NULL;
    NativeCall.block(
        split.entry(),
        input.asSlice(2L * first * problem.k()),
        none,
        rows.segment().asSlice(first * rowBytes(padded)),
        flags.segment().asSlice((long) chunk * FLAG_BYTES),
        Math.min(ROWS_PER_CHUNK, problem.m() - first),
        0,
        none);
  }

  private static boolean isFlagged(MemorySegment flags) {
    for (long at = 0; at < flags.byteSize(); at += 4) {
      if (flags.get(INT, at) != 0) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() {
    product.close();
    widening.close();
    split.close();
  }
}
