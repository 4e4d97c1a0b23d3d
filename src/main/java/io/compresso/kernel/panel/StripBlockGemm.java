package io.compresso.kernel.panel;

import io.compresso.kernel.BlockGemmProblem;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.panel.Blocks.Product;
import io.compresso.kernel.panel.PanelShape.BiasAxis;
import io.compresso.kernel.panel.PanelShape.Left;
import io.compresso.kernel.panel.PanelShape.Panel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * A product with weights quantized in blocks: one panel of the columns after the other is
 * dequantized into memory that stays in the cache, and multiplied by all rows.
 */
public final class StripBlockGemm implements PreparedKernel {
  private final KernelSpec spec;
  private final BlockGemmProblem problem;
  private final int width;
  private final PanelProduct product;
  private final Arena arena = Arena.ofShared();
  private final BlockPanels panels;
  private final BlockUnpacker unpacker;
  private final MemorySegment bias;

  /**
   * Packs the weights.
   *
   * @param products of panels that are a multiple of the unpackers' panels wide
   */
  public StripBlockGemm(
      KernelSpec spec,
      BlockGemmProblem problem,
      Weights weights,
      PanelProduct.Factory products,
      BlockUnpacker.Factory unpackers) {
    this.spec = spec;
    this.problem = problem;
    this.width = products.width();
    this.panels = new BlockPanels(problem, weights, unpackers.columns(), false, arena);
    this.unpacker = unpackers.create(panels, width);
    this.product =
        products.create(
            new PanelShape(
                new Left(problem.k(), 1),
                Panel.packed(problem.k(), width),
                problem.n(),
                problem.bias() ? BiasAxis.COLUMNS : BiasAxis.NONE,
                Epilogue.NONE.withBias(problem.bias())));
    this.bias =
        problem.bias()
            ? arena.allocate(4L * problem.n(), 64).copyFrom(Objects.requireNonNull(weights.bias()))
            : MemorySegment.NULL;
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
    int pool = Math.min(threads, Workers.shared().size());
    Blocks blocks =
        Blocks.of(
            new Product(problem.m(), problem.n(), problem.k(), Float.BYTES),
            Math.max(1, problem.m()),
            width,
            pool);
    Workers.shared().run(blocks.count(), threads, block -> multiply(operands, blocks, block));
  }

  private void multiply(Operands operands, Blocks blocks, int block) {
    int first = blocks.firstColumn(block);
    int end = first + blocks.columnsOf(block);
    long depth = (long) problem.blocks() * problem.block();
    try (Scratch strip = Scratch.of(Float.BYTES * depth * width)) {
      for (int column = first; column < end; column += width) {
        int count = Math.min(width, end - column);
        int step = panels.layout().columns();
        for (int i = 0; i < count; i += step) {
          unpacker.unpack((column + i) / step, strip.segment().asSlice((long) Float.BYTES * i));
        }
        product.multiply(
            operands.input(),
            strip.segment(),
            operands.output().asSlice((long) Float.BYTES * column),
            problem.bias() ? bias.asSlice((long) Float.BYTES * column) : bias,
            problem.m(),
            count);
      }
    }
  }

  @Override
  public void close() {
    product.close();
    unpacker.close();
    arena.close();
  }
}
