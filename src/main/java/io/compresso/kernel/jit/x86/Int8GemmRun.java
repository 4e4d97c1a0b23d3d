package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.panel.Blocks;
import io.compresso.kernel.panel.PanelProduct;
import io.compresso.kernel.panel.PanelShape;
import io.compresso.kernel.panel.PanelShape.BiasAxis;
import io.compresso.kernel.panel.PanelShape.Left;
import io.compresso.kernel.panel.PanelShape.Panel;
import io.compresso.kernel.panel.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A prepared 8-bit matrix product: weights packed {@code [n/width][k/4][width][4]}. */
final class Int8GemmRun implements PreparedKernel {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final int MOST_COLUMNS = 512;
  private static final int MOST_TILES_OF_ROWS = 8;

  private final KernelSpec spec;
  private final GemmProblem problem;
  private final int width;
  private final int quads;
  private final PanelProduct product;
  private final Requantizer requantizer;
  private final int sumStride;
  private final Arena arena = Arena.ofShared();
  private final @Nullable MemorySegment packed;

  Int8GemmRun(KernelSpec spec, GemmProblem problem, Weights weights, VectorSet set) {
    this.spec = spec;
    this.problem = problem;
    PanelProduct.Factory factory = JitPanel.factory(Factors.UNSIGNED_BY_SIGNED, set);
    this.width = factory.width();
    this.quads = Math.ceilDiv(problem.k(), 4);
    int n = problem.n();
    this.sumStride = Math.min(n, MOST_COLUMNS);
    this.requantizer = new Requantizer(set, problem, weights, BiasAxis.COLUMNS, sumStride, n);
    this.product =
        factory.create(
            new PanelShape(
                new Left(quads, 1),
                Panel.packed(quads, width),
                requantizer.isIdentity() ? n : sumStride,
                BiasAxis.COLUMNS,
                Epilogue.NONE));
    MemorySegment data = weights.data();
    if (data == null) {
      packed = null;
    } else {
      packed = arena.allocate(packedBytes(), 64);
      pack(data, packed);
    }
  }

  /** Bytes of the panels, and of the sums of the columns after them. */
  private long packedBytes() {
    return panelBytes() + 4L * problem.n();
  }

  private long panelBytes() {
    return 4L * quads * Math.ceilDiv(problem.n(), width) * width;
  }

  private void pack(MemorySegment matrix, MemorySegment target) {
    int n = problem.n();
    int k = problem.k();
    int flip = Requantizer.weightFlip(problem);
    long row = problem.transpose().b() ? 1 : n;
    long column = problem.transpose().b() ? k : 1;
    target.asSlice(0, panelBytes()).fill((byte) 0);
    for (int j = 0; j < n; j++) {
      long to = 4L * ((long) (j / width) * quads * width + j % width);
      int sum = 0;
      for (int p = 0; p < k; p++) {
        byte value = (byte) (matrix.get(BYTE, p * row + j * column) ^ flip);
        sum += value;
        target.set(BYTE, to + 4L * (p >> 2) * width + (p & 3), value);
      }
      target.set(INT, panelBytes() + 4L * j, sum);
    }
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
    operands.require(problem, packed != null);
    boolean copies =
        problem.transpose().a() || problem.k() % 4 != 0 || Requantizer.inputFlip(problem) != 0;
    int m = problem.m();
    try (Scratch rows = Scratch.of(copies ? 4L * m * quads : 0);
        Scratch given = Scratch.of(packed != null ? 0 : packedBytes());
        Scratch starts = Scratch.of(4L * problem.n());
        Scratch cross = Scratch.of(requantizer.crosses() ? 4L * m : 0);
        Scratch constants = Scratch.of(requantizer.constantBytes())) {
      if (packed == null) {
        pack(Objects.requireNonNull(operands.second()), given.segment());
      }
      MemorySegment b = packed != null ? packed : given.segment();
      if (copies) {
        copyRows(operands.input(), rows.segment(), threads);
      }
      MemorySegment a = copies ? rows.segment() : operands.input();
      if (requantizer.crosses()) {
        sumRows(a, cross.segment(), threads);
      }
      int zeroPoint = requantizer.inputZeroPoint(operands.inputZeroPoint());
      for (int j = 0; j < problem.n(); j++) {
        int sum = b.get(INT, panelBytes() + 4L * j);
        int start = requantizer.startOfSum(j, zeroPoint, sum, problem.k());
        starts.segment().setAtIndex(INT, j, start);
      }
      requantizer.constants(operands.inputScale(), constants.segment());
      Buffers buffers =
          new Buffers(
              a, b, operands.output(), starts.segment(), cross.segment(), constants.segment());
      multiply(buffers, threads);
    }
  }

  /** The memory of one run: both factors, the results, and what belongs to the channels. */
  private record Buffers(
      MemorySegment a,
      MemorySegment b,
      MemorySegment output,
      MemorySegment starts,
      MemorySegment cross,
      MemorySegment constants) {}

  private void copyRows(MemorySegment input, MemorySegment target, int threads) {
    int k = problem.k();
    int flip = Requantizer.inputFlip(problem);
    long row = problem.transpose().a() ? 1 : k;
    long column = problem.transpose().a() ? problem.m() : 1;
    Workers.shared()
        .run(
            problem.m(),
            k < 256 ? 1 : threads,
            i -> {
              long to = 4L * i * quads;
              for (int p = 0; p < k; p++) {
                target.set(BYTE, to + p, (byte) (input.get(BYTE, i * row + p * column) ^ flip));
              }
              for (int p = k; p < 4 * quads; p++) {
                target.set(BYTE, to + p, (byte) 0);
              }
            });
  }

  private void sumRows(MemorySegment a, MemorySegment target, int threads) {
    Workers.shared()
        .run(
            problem.m(),
            problem.k() < 256 ? 1 : threads,
            i -> {
              int sum = 0;
              long from = 4L * i * quads;
              for (int p = 0; p < problem.k(); p++) {
                sum += a.get(BYTE, from + p) & 0xFF;
              }
              target.setAtIndex(INT, i, sum);
            });
  }

  private void multiply(Buffers buffers, int threads) {
    int n = problem.n();
    int pool = Math.min(threads, Workers.shared().size());
    int grain = spec.tile().rows();
    Blocks blocks =
        Blocks.of(problem.m(), n, problem.k(), grain, width, pool)
            .withColumnsAtMost(MOST_COLUMNS)
            .withRowsAtMost(MOST_TILES_OF_ROWS * grain);
    Workers.shared().run(blocks.count(), threads, block -> multiply(buffers, blocks, block));
  }

  private void multiply(Buffers buffers, Blocks blocks, int block) {
    int row = blocks.firstRow(block);
    int column = blocks.firstColumn(block);
    int rows = blocks.rowsOf(block);
    int columns = blocks.columnsOf(block);
    long output = (long) row * problem.n() + column;
    MemorySegment a = buffers.a().asSlice(4L * row * quads);
    MemorySegment b = buffers.b().asSlice(4L * column * quads);
    MemorySegment starts = buffers.starts().asSlice(4L * column);
    if (requantizer.isIdentity()) {
      product.multiply(a, b, buffers.output().asSlice(4 * output), starts, rows, columns);
      return;
    }
    int outputBytes = problem.types().output().bits() / 8;
    try (Scratch sums = Scratch.of(4L * rows * sumStride)) {
      product.multiply(a, b, sums.segment(), starts, rows, columns);
      requantizer.apply(
          sums.segment(),
          requantizer.crosses() ? buffers.cross().asSlice(4L * row) : buffers.cross(),
          buffers.output().asSlice(output * outputBytes),
          buffers.constants().asSlice(4L * column),
          rows,
          columns);
    }
  }

  @Override
  public void close() {
    product.close();
    requantizer.close();
    arena.close();
  }
}
