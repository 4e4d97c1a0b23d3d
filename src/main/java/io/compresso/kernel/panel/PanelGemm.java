package io.compresso.kernel.panel;

import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.ZeroedMemory;
import io.compresso.kernel.panel.Blocks.Product;
import io.compresso.kernel.panel.PanelShape.BiasAxis;
import io.compresso.kernel.panel.PanelShape.Left;
import io.compresso.kernel.panel.PanelShape.Panel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A float matrix product: B is packed into panels, while preparing when it is constant, or else
 * with each run, unless A has so few rows that packing costs more than it saves.
 */
public final class PanelGemm implements PreparedKernel {
  private static final int FEW_ROWS = 16;

  private final KernelSpec spec;
  private final GemmProblem problem;
  private final int width;
  private final PanelProduct product;
  private final Arena arena = Arena.ofShared();
  private final @Nullable MemorySegment packed;
  private final boolean packs;
  private final MemorySegment bias;

  public PanelGemm(
      KernelSpec spec, GemmProblem problem, Weights weights, PanelProduct.Factory factory) {
    this.spec = spec;
    this.problem = problem;
    this.width = factory.width();
    MemorySegment data = weights.data();
    this.packs = data != null || problem.transpose().b() || problem.m() > FEW_ROWS;
    this.product = factory.create(shape());
    if (data == null) {
      packed = null;
    } else {
      packed = ZeroedMemory.allocate(arena, Packing.bytes(problem.k(), problem.n(), width), 64);
      pack(data, packed, Workers.shared().size());
    }
    bias =
        problem.epilogue().bias()
            ? arena.allocate(4L * problem.n(), 64).copyFrom(Objects.requireNonNull(weights.bias()))
            : MemorySegment.NULL;
  }

  private PanelShape shape() {
    Left left = problem.transpose().a() ? new Left(1, problem.m()) : new Left(problem.k(), 1);
    Panel panel =
        packs ? Panel.packed(problem.k(), width) : Panel.rowMajor(problem.k(), problem.n(), width);
    BiasAxis axis = problem.epilogue().bias() ? BiasAxis.COLUMNS : BiasAxis.NONE;
    return new PanelShape(left, panel, problem.n(), axis, problem.epilogue());
  }

  private void pack(MemorySegment matrix, MemorySegment panels, int threads) {
    Packing.pack(matrix, problem.transpose().b(), problem.k(), problem.n(), width, panels, threads);
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
    if (packed != null) {
      multiply(operands, packed, threads);
      return;
    }
    MemorySegment matrix = Objects.requireNonNull(operands.second());
    if (!packs) {
      multiply(operands, matrix, threads);
      return;
    }
    try (Scratch panels = Scratch.of(Packing.bytes(problem.k(), problem.n(), width))) {
      pack(matrix, panels.segment(), threads);
      multiply(operands, panels.segment(), threads);
    }
  }

  private void multiply(Operands operands, MemorySegment b, int threads) {
    int n = problem.n();
    long rowBytes = 4L * (problem.transpose().a() ? 1 : problem.k());
    long columnBytes = 4L * (packs ? problem.k() : 1);
    int pool = Math.min(threads, Workers.shared().size());
    Blocks blocks =
        Blocks.of(
            new Product(problem.m(), n, problem.k(), Float.BYTES), spec.tile().rows(), width, pool);
    Workers.shared()
        .run(
            blocks.count(),
            threads,
            block -> {
              int row = blocks.firstRow(block);
              int column = blocks.firstColumn(block);
              product.multiply(
                  operands.input().asSlice(row * rowBytes),
                  b.asSlice(column * columnBytes),
                  operands.output().asSlice(4 * ((long) row * n + column)),
                  problem.epilogue().bias() ? bias.asSlice(4L * column) : bias,
                  blocks.rowsOf(block),
                  blocks.columnsOf(block));
            });
  }

  @Override
  public void close() {
    product.close();
    arena.close();
  }
}
