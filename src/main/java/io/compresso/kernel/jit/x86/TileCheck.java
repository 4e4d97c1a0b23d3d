package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.ConvProblem.Channels;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.ProductProblem;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/**
 * Compares the kernels of AMX with those of the next lower rung, on small problems of whole numbers
 * whose sums are exact in any order: each product of tiles, several blocks of two tiles and one of
 * less, and tails on all sides.
 *
 * @param assembler makes the assembler of the kernels of AMX
 */
record TileCheck(Supplier<Assembler> assembler) {
  private static final int ROWS = 67;
  private static final int COLUMNS = 75;
  private static final int DEPTH = 70;
  private static final int WIDTH = 37;
  private static final int WEIGHT_ZERO_POINT = 3;

  /** What makes a random byte a number of few bits, which bfloat16 holds exactly. */
  private static final int BITS_LEFT_OUT = 4;

  /** Whether all results are the same, or which one is not. */
  Acceptance run() {
    GemmProblem product = GemmProblem.ofFloat(ROWS, COLUMNS, DEPTH);
    Acceptance same = Acceptance.YES;
    for (DType left : new DType[] {DType.UINT8, DType.INT8}) {
      for (DType right : new DType[] {DType.UINT8, DType.INT8}) {
        OperandTypes types = new OperandTypes(left, right, DType.INT32);
        same =
            same.and(
                compare(
                    new X86AmxGemm(DType.INT8, assembler, false),
                    new X86Int8Gemm(Isa.AVX512_VNNI),
                    product.withTypes(types)));
      }
    }
    OperandTypes bfloats = new OperandTypes(DType.BFLOAT16, DType.BFLOAT16, DType.FLOAT);
    return same.and(
            compare(
                new X86AmxGemm(DType.BFLOAT16, assembler, false),
                new X86Gemm(Isa.AVX512_BF16),
                product.withTypes(bfloats)))
        .and(
            compare(
                new X86AmxConv(assembler, false),
                X86NhwcConv.ofBytes(Isa.AVX512_VNNI),
                convolution()));
  }

  private static ConvProblem convolution() {
    return new ConvProblem(
        new OperandTypes(DType.UINT8, DType.INT8, DType.INT32),
        Layout.NHWC,
        1,
        new Channels(20, COLUMNS, 1),
        List.of(SpatialAxis.of(5, 3, 1), SpatialAxis.of(WIDTH, 3, 1)),
        Epilogue.NONE);
  }

  private static Acceptance compare(Kernel tiles, Kernel vectors, ProductProblem problem) {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment input = numbers(arena, problem.types().input(), problem.inputBytes(), 1);
      Weights weights =
          Weights.of(numbers(arena, problem.types().weight(), problem.weightBytes(), 2));
      if (problem.types().isInt8()) {
        weights = weights.withQuantization(WeightQuantization.ofZeroPoints(WEIGHT_ZERO_POINT));
      }
      MemorySegment actual = run(tiles, problem, weights, input, arena);
      MemorySegment expected = run(vectors, problem, weights, input, arena);
      long other = actual.mismatch(expected);
      return Acceptance.when(
          other < 0,
          "the tiles of AMX compute other results than vectors: byte %d of %s by %s"
              .formatted(other, problem, tiles.spec().id()));
    }
  }

  private static MemorySegment run(
      Kernel kernel, ProductProblem problem, Weights weights, MemorySegment input, Arena arena) {
    MemorySegment output = arena.allocate(problem.outputBytes(), Long.BYTES);
    try (PreparedKernel prepared = kernel.prepare(problem, weights)) {
      prepared.run(Operands.of(input, output), 1);
    }
    return output;
  }

  private static MemorySegment numbers(Arena arena, DType type, long bytes, long seed) {
    byte[] content = new byte[Math.toIntExact(bytes)];
    new Random(seed).nextBytes(content);
    if (type == DType.BFLOAT16) {
      for (int i = 0; i < content.length; i += Short.BYTES) {
        int bits = Float.floatToRawIntBits(content[i] >> BITS_LEFT_OUT);
        content[i] = (byte) (bits >>> 16);
        content[i + 1] = (byte) (bits >>> 24);
      }
    }
    return arena.allocate(bytes, Integer.BYTES).copyFrom(MemorySegment.ofArray(content));
  }
}
