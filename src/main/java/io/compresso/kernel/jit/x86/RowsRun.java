package io.compresso.kernel.jit.x86;

import io.compresso.kernel.BoundKernel;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Workers;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.Chunks;
import io.compresso.kernel.panel.Scratch;
import io.compresso.kernel.panel.Shares;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import org.jspecify.annotations.Nullable;

/** A prepared problem of rows: {@link RowsCode} called for pieces of the work. */
abstract class RowsRun implements BoundKernel {
  private static final int COLUMN_UNIT = 256;

  private final KernelSpec spec;
  private final Problem problem;
  private final boolean constant;
  private final CodeCache.Lease code;
  private final Grid grid;
  final Arena arena = Arena.ofShared();
  private final MemorySegment strides;

  /**
   * Where the elements of a problem lie, in bytes.
   *
   * @param rows all rows, those of all blocks
   * @param rowsPerBlock after so many rows {@link #block} says where the next ones begin
   * @param columns elements of a row
   * @param a the first operand's stride and size
   * @param b the second operand's
   * @param c the output's
   * @param constants the constants' strides
   * @param weight how much longer an element takes than a plain copy
   */
  record Grid(
      long rows, long rowsPerBlock, long columns, Lay a, Lay b, Lay c, Lay constants, int weight) {

    /** Bytes from row to row, and of one element; 0 for an element that is repeated. */
    record Lay(long row, int element) {
      static final Lay NONE = new Lay(0, 0);
    }

    /** One dense operand and an output of the same shape. */
    static Grid dense(long rows, long columns, int inputBytes, int outputBytes, int weight) {
      return new Grid(
          rows,
          rows,
          columns,
          new Lay(columns * inputBytes, inputBytes),
          Lay.NONE,
          new Lay(columns * outputBytes, outputBytes),
          Lay.NONE,
          weight);
    }
  }

  /** The operands of one run; the output is the run's. */
  record Buffers(MemorySegment a, MemorySegment b, MemorySegment c, MemorySegment constants) {}

  RowsRun(KernelSpec spec, Problem problem, boolean constant, RowsCode.Source code, Grid grid) {
    this.spec = spec;
    this.problem = problem;
    this.constant = constant;
    this.code = CodeCache.lease(code, () -> code.create().generate());
    this.grid = grid;
    this.strides = arena.allocate(RowsCode.EXTRAS_AT + 4L * RowsCode.EXTRAS, 8);
    long[] rows = {grid.a.row, grid.b.row, grid.c.row, grid.constants.row};
    for (int i = 0; i < rows.length; i++) {
      strides.setAtIndex(ValueLayout.JAVA_LONG, i, rows[i]);
    }
  }

  @Override
  public final KernelSpec spec() {
    return spec;
  }

  @Override
  public final Problem problem() {
    return problem;
  }

  /** Sets two extra values of the code to one of 64 bits, before the first run. */
  final void extraLong(int index, long value) {
    strides.set(ValueLayout.JAVA_LONG, RowsCode.EXTRAS_AT + 4L * index, value);
  }

  /** Sets an extra value of the code, before the first run. */
  final void extra(int index, int bits) {
    strides.set(ValueLayout.JAVA_INT, RowsCode.EXTRAS_AT + 4L * index, bits);
  }

  /** Where a block begins in each operand, in bytes: a, b, c and constants. */
  long blockOffset(int operand, long block) {
    Grid.Lay lay =
        switch (operand) {
          case 0 -> grid.a;
          case 1 -> grid.b;
          case 2 -> grid.c;
          default -> grid.constants;
        };
    return block * grid.rowsPerBlock * lay.row;
  }

  /** Binds the checked operands, mostly by {@link #call}. */
  abstract Runnable bindChecked(Operands operands, int threads);

  @Override
  public final Runnable bind(Operands operands, int threads) {
    operands.require(problem, constant);
    return grid.rows > 0 && grid.columns > 0 ? bindChecked(operands, threads) : () -> {};
  }

  /** What computes all rows of the buffers. */
  final Runnable call(Buffers buffers, int threads) {
    return new Call(buffers, threads);
  }

  /** Runs on the same memory, one at a time, in pieces of whole rows or of single ones. */
  private final class Call implements Runnable {
    private final Buffers buffers;
    private final int threads;
    private final int chunks;
    private final Shares rowShares;
    private final long columnsPerChunk;
    private final int piecesPerRow;
    private final Workers.ChunkTask task = this::chunk;

    Call(Buffers buffers, int threads) {
      this.buffers = buffers;
      this.threads = threads;
      long rowBytes = grid.columns * Math.max(grid.a.element + grid.b.element, grid.c.element);
      int wanted = Chunks.count(grid.rows * rowBytes * grid.weight, threads);
      rowShares = new Shares(grid.rows, (int) Math.min(grid.rows, wanted));
      if (grid.rows >= wanted || !splitsColumns()) {
        columnsPerChunk = grid.columns;
      } else {
        long perRow = Math.ceilDiv(wanted, grid.rows);
        columnsPerChunk =
            Math.ceilDiv(Math.ceilDiv(grid.columns, perRow), COLUMN_UNIT) * COLUMN_UNIT;
      }
      piecesPerRow = (int) Math.ceilDiv(grid.columns, columnsPerChunk);
      chunks = Math.multiplyExact(rowShares.parts(), piecesPerRow);
    }

    @Override
    public void run() {
      Workers.shared().run(chunks, threads, task);
      Reference.reachabilityFence(this);
    }

    private void chunk(int chunk) {
      long row = rowShares.start(chunk / piecesPerRow);
      long column = chunk % piecesPerRow * columnsPerChunk;
      long rows = rowShares.start(chunk / piecesPerRow + 1) - row;
      long columns = Math.min(columnsPerChunk, grid.columns - column);
      if (scratchBytes() == 0) {
        rows(buffers.b.address(), row, rows, column, columns);
        return;
      }
      try (Scratch scratch = Scratch.of(scratchBytes())) {
        rows(scratch.memory().address(), row, rows, column, columns);
      }
    }

    private void rows(long b, long first, long count, long column, long columns) {
      long row = first;
      long end = first + count;
      while (row < end) {
        long block = row / grid.rowsPerBlock;
        long inBlock = row % grid.rowsPerBlock;
        long piece = Math.min(end - row, grid.rowsPerBlock - inBlock);
        NativeCall.block(
            code.entry(),
            buffers.a.address() + offset(0, grid.a, block, inBlock, column),
            b + offset(1, grid.b, block, inBlock, column),
            buffers.c.address() + offset(2, grid.c, block, inBlock, column),
            buffers.constants.address() + offset(3, grid.constants, block, inBlock, column),
            piece,
            columns,
            strides.address());
        row += piece;
      }
    }
  }

  private long offset(int operand, Grid.Lay lay, long block, long row, long column) {
    return blockOffset(operand, block) + row * lay.row + column * lay.element;
  }

  /** Whether the elements of a row are independent of each other. */
  boolean splitsColumns() {
    return true;
  }

  /** Scratch bytes for each call of the code, given as {@code b}; 0 for none. */
  long scratchBytes() {
    return 0;
  }

  /** A copy that lives as long as the prepared kernel, or null. */
  final @Nullable MemorySegment keep(@Nullable MemorySegment segment) {
    return segment == null ? null : arena.allocate(segment.byteSize(), 64).copyFrom(segment);
  }

  @Override
  public void close() {
    code.close();
    arena.close();
  }
}
