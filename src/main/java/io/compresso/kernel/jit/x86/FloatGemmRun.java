package io.compresso.kernel.jit.x86;

import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.ZeroedMemory;
import io.compresso.kernel.jit.x86.GemmPanels.Bytes;
import io.compresso.kernel.jit.x86.GemmPanels.Unit;
import io.compresso.kernel.jit.x86.GemmProduct.Tiles;
import io.compresso.kernel.jit.x86.GemmShape.Left;
import io.compresso.kernel.jit.x86.GemmShape.Output;
import io.compresso.kernel.jit.x86.GemmShape.Part;
import io.compresso.kernel.jit.x86.GemmShape.Right;
import io.compresso.kernel.jit.x86.GemmShape.Terms;
import io.compresso.kernel.jit.x86.RowStage.Change;
import io.compresso.kernel.jit.x86.RowStage.Conversion;
import io.compresso.kernel.panel.Blocks;
import io.compresso.kernel.panel.Blocks.Product;
import io.compresso.kernel.panel.Scratch;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A prepared product of floats of 32 or 16 bits, summed in 32 bits. */
final class FloatGemmRun extends GemmRun {
  /** Rows up to which weights that come with a run are read as they lie. */
  private static final int FEW_ROWS = 16;

  /** Units of a part of the depth, at most. */
  private static final int MOST_DEPTH = 1024;

  /** Bytes of the left operand that a part is to leave in the second level of the cache. */
  private static final int LEFT_BYTES = 1 << 19;

  private static final int[] NO_SUMS = {};

  private final GemmPanels panels;
  private final GemmShape shape;
  private final GemmProduct product;
  private final Part[] parts;
  private final int rowsAtATime;
  private final @Nullable RowStage stage;
  private final @Nullable PanelCopies copies;
  private final @Nullable MemorySegment packed;
  private final MemorySegment columns;

  FloatGemmRun(
      KernelSpec spec,
      GemmProblem problem,
      Weights weights,
      Factors factors,
      @Nullable Tiles tiles) {
    super(spec, problem);
    DType weightType = problem.types().weight();
    int group = factors == Factors.BFLOAT16_PAIRS ? 2 : 1;
    int width = GemmProduct.width(spec.isa());
    Unit unit = new Unit(weightType.bits() / 8, group, tiles == null ? 1 : AmxCode.TILE_UNITS);
    this.panels = new GemmPanels(problem.k(), problem.n(), problem.transpose().b(), unit, width);
    MemorySegment data = weights.data();
    boolean packs =
        data != null
            || weightType != DType.FLOAT
            || problem.transpose().b()
            || problem.m() > FEW_ROWS;
    this.stage = stage(unit);
    int paddedColumns = GemmProduct.paddedColumns(problem.n(), spec.isa());
    this.shape =
        new GemmShape(
            factors,
            left(),
            new Right(
                group == 2 ? DType.FLOAT : weightType,
                packs ? panels.stepBytes() : 4L * problem.n(),
                packs ? Math.max(1, panels.panelBytes()) : 0),
            panels.depth(),
            new Output(
                problem.types().output(),
                problem.n(),
                problem.epilogue(),
                paddedColumns,
                Terms.NONE));
    this.product = new GemmProduct(shape, spec.isa(), tiles);
    this.parts = parts();
    int grain = GemmProduct.mostRows(shape.factors(), spec.isa());
    this.rowsAtATime = Math.max(1, LEFT_BYTES / Math.max(1, 4 * parts[0].depth()) / grain) * grain;
    VectorSet set = VectorSet.of(spec.isa());
    copies =
        data == null && packs && PanelCopies.accepts(panels, set)
            ? new PanelCopies(panels, set)
            : null;
    if (data == null) {
      packed = null;
    } else {
      packed = ZeroedMemory.allocate(arena, Math.max(1, panels.bytes()), 64);
      panels.packWeights(spec.isa(), data, packed, Bytes.NONE, NO_SUMS);
    }
    columns = arena.allocate(4L * paddedColumns, 64);
    if (problem.epilogue().bias()) {
      columns.copyFrom(Objects.requireNonNull(weights.bias()));
    }
    GemmFrame.constants(frame, problem.types().output(), problem.epilogue(), 0, weights.residual());
  }

  private @Nullable RowStage stage(Unit unit) {
    DType type = problem.types().input();
    boolean transposed = problem.transpose().a();
    int m = problem.m();
    int k = problem.k();
    boolean aliases = !transposed && m > 1 && problem.n() > 64 && RowStage.aliases(type.bytes(k));
    boolean pairs = unit.group() == 2;
    if (type == DType.FLOAT
        ? !aliases
        : pairs && !transposed && k % (2 * unit.grain()) == 0 && !aliases) {
      return null;
    }
    boolean widens = type != DType.FLOAT && !pairs;
    return new RowStage(
        VectorSet.of(spec.isa()),
        new Conversion(type, widens ? Change.WIDENED : Change.NONE, 0),
        transposed,
        m,
        k);
  }

  private Left left() {
    if (stage != null) {
      return new Left(stage.rowBytes() / 4, 1);
    }
    if (problem.types().input() != DType.FLOAT) {
      return new Left(problem.k() / 2, 1);
    }
    return problem.transpose().a() ? new Left(1, problem.m()) : new Left(problem.k(), 1);
  }

  @Override
  boolean hasWeights() {
    return packed != null;
  }

  @Override
  Run bound(Operands operands, int threads, MemorySegment own) {
    return new Multiplication(operands, threads, own);
  }

  private final class Multiplication extends Run {
    private final RowStage.@Nullable Copier copier;
    private final Workers.ChunkTask packing = this::pack;
    private MemorySegment left;
    private MemorySegment right;

    Multiplication(Operands operands, int threads, MemorySegment own) {
      super(operands, threads, own, blocks(threads));
      MemorySegment third = operands.third() == null ? operands.output() : operands.third();
      GemmFrame.run(own, third, operands.output(), 1, 0);
      this.copier = stage == null ? null : stage.new Copier(threads);
      this.left = operands.input();
      this.right = packed != null ? packed : Objects.requireNonNull(operands.second());
    }

    @Override
    boolean isDirect() {
      return stage == null && (packed != null || !shape.right().isPacked());
    }

    @Override
    void copyAndMultiply() {
      boolean packs = packed == null && shape.right().isPacked();
      try (Scratch rows = Scratch.of(stage == null ? 0 : stage.bytes());
          Scratch given = Scratch.of(packs ? panels.bytes() : 0)) {
        if (copier != null) {
          copier.copy(operands.input(), rows.memory(), MemorySegment.NULL);
          left = rows.memory();
        }
        if (packs) {
          right = given.memory();
          if (copies != null) {
            Workers.shared().run(copies.count(), copies.threads(threads), packing);
          } else {
            Workers.shared().run(panels.chunks(threads), threads, packing);
          }
        }
        multiplyBlocks();
      }
    }

    /** Packs a part of the right operand that comes with a run. */
    private void pack(int chunk) {
      MemorySegment matrix = Objects.requireNonNull(operands.second());
      if (copies != null) {
        copies.pack(matrix.address(), right.address(), chunk);
      } else {
        panels.pack(matrix, right, Bytes.NONE, NO_SUMS, chunk, panels.chunks(threads));
      }
    }

    @Override
    void multiply(int block) {
      int firstRow = blocks.firstRow(block);
      int firstColumn = blocks.firstColumn(block);
      int rows = blocks.rowsOf(block);
      int columnsOfBlock = blocks.columnsOf(block);
      int depth = shape.depth();
      for (int done = 0, number = 0; number < parts.length; number++) {
        Part part = parts[number];
        for (int i = 0; i < rows; i += rowsAtATime) {
          int row = firstRow + i;
          product.multiply(
              own.address(),
              left.address()
                  + (depth == 0
                      ? 0
                      : 4 * (row * shape.left().rowStride() + done * shape.left().step())),
              right.address() + (depth == 0 ? 0 : rightBytes(done, firstColumn)),
              operands.output().address() + outputBytes(row, firstColumn),
              columns.address() + 4L * firstColumn,
              0,
              part,
              Math.min(rowsAtATime, rows - i),
              columnsOfBlock,
              backwards);
        }
        done += part.depth();
      }
    }
  }

  private Blocks blocks(int threads) {
    int grain = GemmProduct.mostRows(shape.factors(), spec.isa());
    int pool = Math.min(threads, Workers.shared().size());
    return Blocks.of(
        new Product(problem.m(), problem.n(), problem.k(), Float.BYTES),
        grain,
        panels.width(),
        pool);
  }

  /** The parts of the depth: one where sums cannot be put into the output in between. */
  private Part[] parts() {
    int depth = shape.depth();
    boolean sumsFit = problem.types().output() == DType.FLOAT && spec.isa() != Isa.AMX;
    int count = sumsFit ? Math.max(1, Math.ceilDiv(depth, MOST_DEPTH)) : 1;
    Part[] all = new Part[count];
    int most = Math.ceilDiv(depth, count);
    for (int i = 0; i < count; i++) {
      all[i] = new Part(Math.min(most, depth - i * most), i == 0, i == count - 1);
    }
    return all;
  }

  private long outputBytes(int row, int column) {
    return problem.types().output().bytes((long) row * problem.n() + column);
  }

  private long rightBytes(int step, int column) {
    Right right = shape.right();
    return step * right.stepBytes()
        + (right.isPacked()
            ? column / panels.width() * right.panelBytes()
            : (long) column * right.columnBytes());
  }

  @Override
  public void close() {
    product.close();
    if (stage != null) {
      stage.close();
    }
    if (copies != null) {
      copies.close();
    }
    arena.close();
  }
}
