package io.compresso.kernel.jit.x86;

import io.compresso.kernel.BlockGemmProblem;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.Chunks;
import io.compresso.kernel.panel.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/** A prepared {@link BlockGemmCode} with its packed weights; the threads share the panels. */
final class BlockGemmRun implements PreparedKernel {
  private static final int COLUMNS = BlockGemmCode.COLUMNS;
  private static final int GROUP = BlockGemmCode.GROUP;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final KernelSpec spec;
  private final BlockGemmProblem problem;
  private final BlockGemmCode.Source source;
  private final int panels;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment fields;
  private final MemorySegment constants;
  private final MemorySegment table;
  private final CodeCache.Lease code;

  BlockGemmRun(KernelSpec spec, BlockGemmProblem problem, Weights weights) {
    MemorySegment data = BlockGemmProblem.fields(weights);
    this.spec = spec;
    this.problem = problem;
    this.panels = Math.ceilDiv(problem.n(), COLUMNS);
    WeightQuantization quantization = weights.quantization();
    boolean zeroPoints = zeroPointsDiffer(problem, quantization);
    this.source = new BlockGemmCode.Source(problem, zeroPoints);
    this.fields = arena.allocate(panels * source.panelBytes(), 64);
    this.constants = arena.allocate(panels * source.constantBytes(), 64);
    this.table = arena.allocate(BlockGemmCode.VECTOR_BYTES, 64);
    for (int row = 0; row < problem.n(); row++) {
      packFields(data, row);
      packConstants(weights, row);
    }
    int zeroPoint = zeroPoints || problem.n() == 0 ? 0 : quantization.zeroPoint(0);
    for (int i = 0; i < COLUMNS; i++) {
      table.setAtIndex(FLOAT, i, problem.bits() == 4 ? i - zeroPoint : zeroPoint);
    }
    this.code = CodeCache.lease(source, source::generate);
  }

  private static boolean zeroPointsDiffer(
      BlockGemmProblem problem, WeightQuantization quantization) {
    for (int i = 1; i < problem.outputChannels(); i++) {
      if (quantization.zeroPoint(i) != quantization.zeroPoint(0)) {
        return true;
      }
    }
    return false;
  }

  private void packFields(MemorySegment data, int row) {
    long from = row * problem.rowBytes();
    long to = row / COLUMNS * source.panelBytes();
    int column = row % COLUMNS;
    if (problem.bits() == 4) {
      for (long i = 0; i < problem.rowBytes(); i += GROUP / 2) {
        fields.set(
            ValueLayout.JAVA_INT_UNALIGNED,
            to + i * COLUMNS + 4L * column,
            data.get(ValueLayout.JAVA_INT_UNALIGNED, from + i));
      }
      return;
    }
    for (long i = 0; i < problem.rowBytes(); i++) {
      byte field = data.get(ValueLayout.JAVA_BYTE, from + i);
      fields.set(ValueLayout.JAVA_BYTE, to + i * COLUMNS + column, field);
    }
  }

  private void packConstants(Weights weights, int row) {
    WeightQuantization quantization = weights.quantization();
    long to = row / COLUMNS * source.constantBytes() + 4L * (row % COLUMNS);
    for (int block = 0; block < problem.blocks(); block++) {
      int channel = row * problem.blocks() + block;
      constants.set(FLOAT, to, quantization.scale(channel));
      if (source.zeroPoints()) {
        constants.set(FLOAT, to + BlockGemmCode.VECTOR_BYTES, quantization.zeroPoint(channel));
      }
      to += (long) BlockGemmCode.VECTOR_BYTES * source.vectorsPerBlock();
    }
    if (problem.bias()) {
      constants.set(FLOAT, to, Objects.requireNonNull(weights.bias()).getAtIndex(FLOAT, row));
    }
  }

  @Override
  public BlockGemmProblem problem() {
    return problem;
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public void run(Operands operands, int threads) {
    operands.require(problem, true);
    if (problem.outputBytes() == 0) {
      return;
    }
    if (problem.k() % problem.block() == 0) {
      multiply(operands.input(), operands.output(), threads);
      return;
    }
    long stride = source.inputStride();
    long used = 4L * problem.k();
    try (Scratch padded = Scratch.of(problem.m() * stride)) {
      for (int row = 0; row < problem.m(); row++) {
        MemorySegment target = padded.segment().asSlice(row * stride, stride);
        MemorySegment.copy(operands.input(), row * used, target, 0, used);
        target.asSlice(used).fill((byte) 0);
      }
      multiply(padded.segment(), operands.output(), threads);
    }
  }

  private void multiply(MemorySegment input, MemorySegment output, int threads) {
    int rest = problem.n() % COLUMNS;
    long lastMask = rest == 0 ? (1L << COLUMNS) - 1 : (1L << rest) - 1;
    Chunks.run(
        panels,
        fields.byteSize(),
        threads,
        (first, count) ->
            NativeCall.block(
                code.entry(),
                input,
                fields.asSlice(first * source.panelBytes()),
                output.asSlice(first * BlockGemmCode.VECTOR_BYTES),
                constants.asSlice(first * source.constantBytes()),
                count,
                first + count == panels ? lastMask : (1L << COLUMNS) - 1,
                table));
  }

  @Override
  public void close() {
    code.close();
    arena.close();
  }
}
