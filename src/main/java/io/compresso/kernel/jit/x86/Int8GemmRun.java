package io.compresso.kernel.jit.x86;

import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.WeightQuantization;
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
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A prepared 8-bit matrix product of unsigned with signed bytes, weights packed {@code
 * [n/width][k/4][width][4]}, results finished in registers.
 *
 * <p>Signed inputs X and unsigned weights W are moved by 128 together with their zero points, which
 * changes no difference. Then {@code sum (X - zx)(W - zw) = sum XW - zx (sum W - K zw) - zw sum X}:
 * the second term is what the sums begin with, the third one is subtracted where weights have zero
 * points. The tiles of AMX multiply bytes of either kind, which are left as they are.
 */
final class Int8GemmRun extends GemmRun {
  /** Added to or, in two's complement, combined by exclusive or. */
  private static final int MOVE = 0x80;

  private static final int LEFT_BYTES = 1 << 19;

  /** From so many elements on, rows are summed by several threads. */
  private static final int LEAST_SUM = 256;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private static final MemorySegment NONE = MemorySegment.NULL;

  private final GemmPanels panels;
  private final GemmShape shape;
  private final GemmProduct product;
  private final @Nullable RowStage stage;
  private final WeightQuantization quantization;
  private final boolean crosses;
  private final boolean moves;
  private final boolean quantizes;
  private final @Nullable MemorySegment packed;
  private final MemorySegment columns;

  Int8GemmRun(KernelSpec spec, GemmProblem problem, Weights weights, @Nullable Tiles tiles) {
    super(spec, problem);
    this.quantization = weights.quantization();
    int n = problem.n();
    int width = GemmProduct.width(spec.isa());
    this.moves = tiles == null;
    Unit unit = new Unit(1, 4, moves ? 1 : AmxCode.TILE_UNITS);
    this.panels = new GemmPanels(problem.k(), n, problem.transpose().b(), unit, width);
    this.crosses = crosses();
    this.quantizes = problem.types().quantizesRows();
    boolean copies =
        problem.transpose().a()
            || problem.k() % (4 * unit.grain()) != 0
            || inputMove() != 0
            || quantizes;
    this.stage =
        copies
            ? new RowStage(
                VectorSet.of(spec.isa()),
                new Conversion(
                    problem.types().input(),
                    quantizes ? Change.QUANTIZED : Change.NONE,
                    inputMove()),
                problem.transpose().a(),
                problem.m(),
                problem.k())
            : null;
    int paddedColumns = GemmProduct.paddedColumns(n, spec.isa());
    this.shape =
        new GemmShape(
            Factors.UNSIGNED_BY_SIGNED,
            new Left(stage == null ? problem.k() / 4 : stage.rowBytes() / 4, 1),
            new Right(DType.FLOAT, panels.stepBytes(), Math.max(1, panels.panelBytes())),
            panels.depth(),
            new Output(
                problem.types().output(),
                n,
                problem.epilogue(),
                paddedColumns,
                new Terms(crosses, quantizes)));
    this.product = new GemmProduct(shape, spec.isa(), tiles);
    columns = arena.allocate(columnBytes(), 64);
    constants(weights);
    MemorySegment data = weights.data();
    if (data == null) {
      packed = null;
    } else {
      packed = ZeroedMemory.allocate(arena, Math.max(1, panels.bytes()), 64);
      pack(data, packed, columns, Workers.shared().size());
    }
    GemmFrame.constants(
        frame,
        problem.types().output(),
        problem.epilogue(),
        quantization.outputZeroPoint(),
        weights.residual());
  }

  private boolean hasRowTerms() {
    return crosses || quantizes;
  }

  private long columnBytes() {
    int padded = GemmProduct.paddedColumns(problem.n(), spec.isa());
    return 4L * padded * ColumnTerms.values().length;
  }

  private boolean crosses() {
    return problem.n() > 0
        && (quantization.leastZeroPoint() != weightMove()
            || quantization.greatestZeroPoint() != weightMove());
  }

  private int weightZeroPoint(int j) {
    return quantization.zeroPoint(j) - weightMove();
  }

  private int weightMove() {
    return moves && problem.types().weight() == DType.UINT8 ? MOVE : 0;
  }

  private int inputMove() {
    return moves && problem.types().input() != DType.UINT8 ? MOVE : 0;
  }

  /** Writes the constants of the columns, except for what follows from the weights' sums. */
  private void constants(Weights weights) {
    int n = problem.n();
    float[] scales = new float[n];
    int[] zeroPoints = new int[n];
    for (int j = 0; j < n; j++) {
      scales[j] = quantization.scale(j);
      zeroPoints[j] = weightZeroPoint(j);
    }
    MemorySegment.copy(scales, 0, columns, FLOAT, at(ColumnTerms.SCALE), n);
    MemorySegment.copy(zeroPoints, 0, columns, INT, at(ColumnTerms.WEIGHT_ZERO_POINT), n);
    if (problem.epilogue().bias()) {
      boolean floats = problem.types().output() == DType.FLOAT;
      long at = at(floats ? ColumnTerms.FLOAT_BIAS : ColumnTerms.START);
      MemorySegment.copy(Objects.requireNonNull(weights.bias()), 0, columns, at, 4L * n);
    }
  }

  /** Where the first column's term is. */
  private long at(ColumnTerms terms) {
    return 4L * terms.ordinal() * GemmProduct.paddedColumns(problem.n(), spec.isa());
  }

  private void pack(MemorySegment matrix, MemorySegment target, MemorySegment terms, int threads) {
    int[] sums = new int[problem.n()];
    Bytes bytes = new Bytes(problem.types().weight(), weightMove());
    if (QuadRows.accepts(spec.isa(), panels, bytes, matrix)) {
      try (QuadRows rows = new QuadRows(panels, bytes)) {
        panels.inChunks(threads, (first, end) -> rows.pack(matrix, target, sums, first, end));
      }
    } else if (hasWeights()) {
      panels.packWeights(spec.isa(), matrix, target, bytes, sums);
    } else {
      panels.pack(matrix, target, bytes, sums, threads);
    }
    for (int j = 0; j < problem.n(); j++) {
      sums[j] -= problem.k() * weightZeroPoint(j);
    }
    MemorySegment.copy(sums, 0, terms, INT, at(ColumnTerms.ZERO_POINT_FACTOR), sums.length);
  }

  @Override
  boolean hasWeights() {
    return packed != null;
  }

  @Override
  Run bound(Operands operands, int threads, MemorySegment own) {
    return new Multiplication(operands, threads, own);
  }

  @Override
  public QuantizedRun bindQuantized(Operands operands, int threads) {
    if (!hasOutputs(operands)) {
      return (_, _) -> {};
    }
    Multiplication run = new Multiplication(operands, threads, ownFrame());
    return (zeroPoint, scale) -> {
      run.quantize(zeroPoint, scale);
      run.run();
    };
  }

  private Blocks blocks(int threads) {
    int grain = GemmProduct.mostRows(shape.factors(), spec.isa());
    int most = (int) Math.max(1, LEFT_BYTES / Math.max(1, rowBytes()) / grain) * grain;
    int pool = Math.min(threads, Workers.shared().size());
    return Blocks.of(
            new Product(problem.m(), problem.n(), problem.k(), 1), grain, panels.width(), pool)
        .withRowsAtMost(most);
  }

  private long rowBytes() {
    return 4 * shape.left().rowStride();
  }

  private final class Multiplication extends Run {
    private final Part whole = shape.whole();
    private final RowStage.@Nullable Copier copier;
    private final Workers.ChunkTask summing = this::sumRow;
    private MemorySegment left;
    private MemorySegment right;
    private MemorySegment ofColumns = columns;
    private MemorySegment ofRows = NONE;

    Multiplication(Operands operands, int threads, MemorySegment own) {
      super(operands, threads, own, blocks(threads));
      this.copier = stage == null ? null : stage.new Copier(threads);
      this.left = operands.input();
      this.right = packed != null ? packed : Objects.requireNonNull(operands.second());
      quantize(operands.inputZeroPoint(), operands.inputScale());
    }

    /** Sets the quantization of the input. */
    void quantize(int zeroPoint, float scale) {
      MemorySegment third = operands.third() == null ? operands.output() : operands.third();
      int moved = (quantizes ? 0 : zeroPoint) + inputMove();
      GemmFrame.run(own, third, operands.output(), scale, moved);
    }

    @Override
    boolean isDirect() {
      return packed != null && stage == null && !hasRowTerms();
    }

    @Override
    void copyAndMultiply() {
      try (Scratch rows = Scratch.of(stage == null ? 0 : stage.bytes());
          Scratch given = Scratch.of(packed != null ? 0 : panels.bytes());
          Scratch givenColumns = Scratch.of(packed != null ? 0 : columnBytes());
          Scratch rowTerms = Scratch.of(hasRowTerms() ? (long) RowTerms.BYTES * problem.m() : 0)) {
        if (packed == null) {
          right = given.segment();
          ofColumns = givenColumns.segment().copyFrom(columns);
          pack(Objects.requireNonNull(operands.second()), right, ofColumns, threads);
        }
        ofRows = rowTerms.memory();
        if (copier != null) {
          if (quantizes && problem.k() == 0) {
            rowTerms.segment().fill((byte) 0);
          }
          copier.copy(operands.input(), rows.memory(), ofRows);
          left = rows.memory();
        }
        if (crosses) {
          Workers.shared().run(problem.m(), problem.k() < LEAST_SUM ? 1 : threads, summing);
        }
        multiplyBlocks();
      }
    }

    private void sumRow(int row) {
      int mask = moves || problem.types().input() == DType.UINT8 ? 0xFF : -1;
      int sum = 0;
      long from = row * rowBytes();
      for (int p = 0; p < problem.k(); p++) {
        sum += left.get(ValueLayout.JAVA_BYTE, from + p) & mask;
      }
      ofRows.set(INT, (long) row * RowTerms.BYTES + RowTerms.SUM, sum);
    }

    @Override
    void multiply(int block) {
      int row = blocks.firstRow(block);
      int column = blocks.firstColumn(block);
      product.multiply(
          own.address(),
          left.address() + (shape.depth() == 0 ? 0 : row * rowBytes()),
          right.address() + column / panels.width() * panels.panelBytes(),
          operands.output().address()
              + problem.types().output().bytes((long) row * problem.n() + column),
          ofColumns.address() + 4L * column,
          ofRows.address() + (long) RowTerms.BYTES * row,
          whole,
          blocks.rowsOf(block),
          blocks.columnsOf(block),
          backwards);
    }
  }

  @Override
  public void close() {
    product.close();
    if (stage != null) {
      stage.close();
    }
    arena.close();
  }
}
