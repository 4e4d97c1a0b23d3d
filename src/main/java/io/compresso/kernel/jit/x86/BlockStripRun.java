package io.compresso.kernel.jit.x86;

import io.compresso.kernel.BlockGemmProblem;
import io.compresso.kernel.BoundKernel;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.ResidualQuantization;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.jit.x86.GemmShape.Left;
import io.compresso.kernel.jit.x86.GemmShape.Output;
import io.compresso.kernel.jit.x86.GemmShape.Part;
import io.compresso.kernel.jit.x86.GemmShape.Right;
import io.compresso.kernel.jit.x86.GemmShape.Terms;
import io.compresso.kernel.jit.x86.RowStage.Change;
import io.compresso.kernel.jit.x86.RowStage.Conversion;
import io.compresso.kernel.panel.BlockPanels;
import io.compresso.kernel.panel.Blocks;
import io.compresso.kernel.panel.Blocks.Product;
import io.compresso.kernel.panel.Scratch;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A product of many rows: a strip of columns of the weights is dequantized some depth at a time to
 * where the first level of the cache holds it, and multiplied by all rows of a block.
 */
final class BlockStripRun implements BoundKernel {
  /** Bytes of dequantized weights at a time, but for at least one block. */
  private static final int STRIP_BYTES = 24 << 10;

  /** Largest tiles of rows for which a strip is dequantized again. */
  private static final int TILES_PER_BLOCK = 16;

  private final KernelSpec spec;
  private final BlockGemmProblem problem;
  private final VectorSet set;
  private final int width;
  private final int blocksPerPart;
  private final Part[] parts;
  private final GemmShape shape;
  private final GemmProduct product;
  private final @Nullable RowStage stage;
  private final Arena arena = Arena.ofShared();
  private final BlockPanels panels;
  private final MemorySegment table;
  private final MemorySegment columns;
  private final MemorySegment frame;
  private final CodeCache.Lease unpack;

  BlockStripRun(KernelSpec spec, BlockGemmProblem problem, Weights weights) {
    this.spec = spec;
    this.problem = problem;
    this.set = VectorSet.of(spec.isa());
    this.width = GemmProduct.width(spec.isa());
    this.panels = new BlockPanels(problem, weights, set.lanes(), false, arena);
    this.table = arena.allocate(BlockValues.TABLE_BYTES, 64);
    BlockValues.fillTable(table, set, panels);
    long stepBytes = 4L * width;
    this.blocksPerPart = (int) Math.max(1, STRIP_BYTES / (stepBytes * problem.block()));
    this.parts = parts();
    this.stage =
        RowStage.aliases(4L * problem.k())
            ? new RowStage(
                set, new Conversion(DType.FLOAT, Change.NONE, 0), false, problem.m(), problem.k())
            : null;
    int paddedColumns = GemmProduct.paddedColumns(problem.n(), spec.isa());
    Epilogue epilogue = Epilogue.NONE.withBias(problem.bias());
    this.shape =
        new GemmShape(
            Factors.FLOATS,
            new Left(stage == null ? problem.k() : stage.rowBytes() / 4, 1),
            new Right(DType.FLOAT, stepBytes, stripBytes()),
            problem.k(),
            new Output(DType.FLOAT, problem.n(), epilogue, paddedColumns, Terms.NONE));
    this.product = new GemmProduct(shape, spec.isa(), null);
    this.columns = arena.allocate(4L * paddedColumns, 64);
    if (problem.bias()) {
      columns.copyFrom(Objects.requireNonNull(weights.bias()));
    }
    this.frame = arena.allocate(GemmFrame.BYTES, 64);
    GemmFrame.constants(frame, DType.FLOAT, epilogue, 0, ResidualQuantization.NONE);
    BlockUnpackCode source = new BlockUnpackCode(set, panels.layout(), stepBytes);
    this.unpack = CodeCache.lease(source, source::generate);
  }

  private Part[] parts() {
    int depth = blocksPerPart * problem.block();
    Part[] all = new Part[Math.ceilDiv(problem.k(), depth)];
    for (int i = 0; i < all.length; i++) {
      all[i] = new Part(Math.min(depth, problem.k() - i * depth), i == 0, i == all.length - 1);
    }
    return all;
  }

  /** Bytes of the dequantized part of a strip. */
  private long stripBytes() {
    return 4L * width * blocksPerPart * problem.block();
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
  public Runnable bind(Operands operands, int threads) {
    operands.require(problem, true);
    return problem.outputBytes() == 0 ? () -> {} : new Run(operands, threads);
  }

  /** Runs on the same memory, one at a time. */
  private final class Run implements Runnable {
    private final Operands operands;
    private final int threads;
    private final Blocks blocks;
    private final MemorySegment own = Arena.ofAuto().allocate(GemmFrame.BYTES, 64);
    private final Workers.ChunkTask multiplying = this::multiply;
    private final RowStage.@Nullable Copier copier;
    private long input;

    Run(Operands operands, int threads) {
      this.operands = operands;
      this.threads = threads;
      this.input = operands.input().address();
      this.copier = stage == null ? null : stage.new Copier(threads);
      this.blocks =
          Blocks.of(
              new Product(problem.m(), problem.n(), problem.k(), Float.BYTES),
              TILES_PER_BLOCK * GemmProduct.mostRows(Factors.FLOATS, spec.isa()),
              width,
              Math.min(threads, Workers.shared().size()));
      own.copyFrom(frame);
      GemmFrame.run(own, operands.output(), operands.output(), 1, 0);
    }

    @Override
    public void run() {
      if (stage == null || copier == null) {
        Workers.shared().run(blocks.count(), threads, multiplying);
      } else {
        try (Scratch rows = Scratch.of(stage.bytes())) {
          copier.copy(operands.input(), rows.memory(), MemorySegment.NULL);
          input = rows.memory().address();
          Workers.shared().run(blocks.count(), threads, multiplying);
        }
      }
      Reference.reachabilityFence(this);
    }

    private void multiply(int block) {
      int firstRow = blocks.firstRow(block);
      int rows = blocks.rowsOf(block);
      int end = blocks.firstColumn(block) + blocks.columnsOf(block);
      try (Scratch strip = Scratch.of(stripBytes())) {
        long target = strip.memory().address();
        long output = operands.output().address();
        for (int column = blocks.firstColumn(block); column < end; column += width) {
          int count = Math.min(width, end - column);
          for (int number = 0; number < parts.length; number++) {
            Part part = parts[number];
            int firstBlock = number * blocksPerPart;
            dequantize(target, column, count, firstBlock, part.depth());
            long depth = (long) firstBlock * problem.block();
            product.multiply(
                own.address(),
                input + 4 * (firstRow * shape.left().rowStride() + depth),
                target,
                output + 4 * ((long) firstRow * problem.n() + column),
                columns.address() + 4L * column,
                0,
                part,
                rows,
                count);
          }
        }
      }
    }

    private void dequantize(long target, int column, int count, int firstBlock, int depth) {
      BlockPanels.Layout layout = panels.layout();
      int lanes = set.lanes();
      for (int i = 0; i < count; i += lanes) {
        int panel = (column + i) / lanes;
        NativeCall.block(
            unpack.entry(),
            target + 4L * i,
            panels.fields(panel) + firstBlock * layout.blockBytes(),
            0,
            panels.constants(panel) + firstBlock * layout.blockConstantBytes(),
            Math.ceilDiv(depth, problem.block()),
            0,
            table.address());
      }
    }
  }

  @Override
  public void close() {
    product.close();
    unpack.close();
    if (stage != null) {
      stage.close();
    }
    arena.close();
  }
}
