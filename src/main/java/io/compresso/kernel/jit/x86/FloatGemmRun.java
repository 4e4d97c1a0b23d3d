package io.compresso.kernel.jit.x86;

import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.jit.x86.GemmPanels.Bytes;
import io.compresso.kernel.jit.x86.GemmPanels.Unit;
import io.compresso.kernel.jit.x86.GemmProduct.Memory;
import io.compresso.kernel.jit.x86.GemmProduct.Tiles;
import io.compresso.kernel.jit.x86.GemmShape.Left;
import io.compresso.kernel.jit.x86.GemmShape.Output;
import io.compresso.kernel.jit.x86.GemmShape.Part;
import io.compresso.kernel.jit.x86.GemmShape.Right;
import io.compresso.kernel.jit.x86.GemmShape.Terms;
import io.compresso.kernel.jit.x86.RowStage.Change;
import io.compresso.kernel.jit.x86.RowStage.Conversion;
import io.compresso.kernel.panel.Blocks;
import io.compresso.kernel.panel.Scratch;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A prepared product of floats of 32 or 16 bits, summed in 32 bits. */
final class FloatGemmRun implements PreparedKernel {
  /** Rows up to which weights that come with a run are read as they lie. */
  private static final int FEW_ROWS = 16;

  /** Units of a part of the depth, at most. */
  private static final int MOST_DEPTH = 1024;

  /** Bytes of the left operand that a part is to leave in the second level of the cache. */
  private static final int LEFT_BYTES = 1 << 19;

  private final KernelSpec spec;
  private final GemmProblem problem;
  private final GemmPanels panels;
  private final GemmShape shape;
  private final GemmProduct product;
  private final @Nullable RowStage stage;
  private final @Nullable PanelCopies copies;
  private final Arena arena = Arena.ofShared();
  private final @Nullable MemorySegment packed;
  private final MemorySegment columns;
  private final MemorySegment frame;

  FloatGemmRun(
      KernelSpec spec,
      GemmProblem problem,
      Weights weights,
      Factors factors,
      @Nullable Tiles tiles) {
    this.spec = spec;
    this.problem = problem;
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
    VectorSet set = VectorSet.of(spec.isa());
    copies =
        data == null && packs && PanelCopies.accepts(panels, set)
            ? new PanelCopies(panels, set)
            : null;
    if (data == null) {
      packed = null;
    } else {
      packed = arena.allocate(Math.max(1, panels.bytes()), 64);
      panels.pack(data, packed, Bytes.NONE, new int[0], Workers.shared().size());
    }
    columns = arena.allocate(4L * paddedColumns, 64);
    if (problem.epilogue().bias()) {
      columns.copyFrom(Objects.requireNonNull(weights.bias()));
    }
    frame = arena.allocate(GemmFrame.BYTES, 64);
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
    if (problem.m() == 0 || problem.n() == 0) {
      return;
    }
    boolean packs = packed == null && shape.right().isPacked();
    try (Scratch rows = Scratch.of(stage == null ? 0 : stage.bytes());
        Scratch given = Scratch.of(packs ? panels.bytes() : 0);
        Scratch scalars = Scratch.of(GemmFrame.BYTES)) {
      MemorySegment a = operands.input();
      if (stage != null) {
        stage.copy(a, rows.segment(), threads);
        a = rows.segment();
      }
      MemorySegment b = packed;
      if (b == null) {
        b = Objects.requireNonNull(operands.second());
        if (packs) {
          if (copies != null) {
            copies.pack(b, given.segment(), threads);
          } else {
            panels.pack(b, given.segment(), Bytes.NONE, new int[0], threads);
          }
          b = given.segment();
        }
      }
      MemorySegment own = scalars.segment().copyFrom(frame);
      MemorySegment third = operands.third() == null ? operands.output() : operands.third();
      GemmFrame.run(own, third, operands.output(), 1, 0);
      multiply(new Memory(a, b, operands.output(), columns, MemorySegment.NULL, own), threads);
    }
  }

  private void multiply(Memory memory, int threads) {
    int pool = Math.min(threads, Workers.shared().size());
    Blocks blocks =
        Blocks.of(
            problem.m(),
            problem.n(),
            problem.k(),
            GemmProduct.mostRows(shape.factors(), spec.isa()),
            panels.width(),
            pool);
    Workers.shared().run(blocks.count(), threads, block -> multiply(memory, blocks, block));
  }

  private void multiply(Memory memory, Blocks blocks, int block) {
    int firstRow = blocks.firstRow(block);
    int firstColumn = blocks.firstColumn(block);
    int rows = blocks.rowsOf(block);
    int columnsOfBlock = blocks.columnsOf(block);
    int depth = shape.depth();
    boolean sumsFit = problem.types().output() == DType.FLOAT && spec.isa() != Isa.AMX;
    int parts = sumsFit ? Math.max(1, Math.ceilDiv(depth, MOST_DEPTH)) : 1;
    int most = Math.ceilDiv(depth, parts);
    int grain = GemmProduct.mostRows(shape.factors(), spec.isa());
    int rowsAtATime = Math.max(1, LEFT_BYTES / Math.max(1, 4 * most) / grain) * grain;
    for (int done = 0; done == 0 || done < depth; done += Math.max(1, most)) {
      Part part = new Part(Math.min(most, depth - done), done == 0, done + most >= depth);
      for (int i = 0; i < rows; i += rowsAtATime) {
        int row = firstRow + i;
        Memory at =
            depth == 0
                ? memory.at(0, 0, outputBytes(row, firstColumn), 4L * firstColumn, 0)
                : memory.at(
                    4 * (row * shape.left().rowStride() + done * shape.left().step()),
                    rightBytes(done, firstColumn),
                    outputBytes(row, firstColumn),
                    4L * firstColumn,
                    0);
        product.multiply(at, part, Math.min(rowsAtATime, rows - i), columnsOfBlock);
      }
    }
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
