package io.compresso.kernel.jit.x86;

import io.compresso.kernel.BoundKernel;
import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.CopyProblem.Axis;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.jit.x86.Vec.Length;
import io.compresso.kernel.panel.Chunks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * A prepared transpose of planes: {@link ShuffleTransposeCode} called for strips of columns. What
 * is left of rows and columns is in blocks that overlap others.
 */
final class TransposeRun implements BoundKernel {
  /** Columns that a thread takes at a time, in blocks. */
  private static final int STRIP_BLOCKS = 8;

  /** Distances of multiples of this fall into one or two sets of a first-level cache. */
  private static final int COLLIDING_BYTES = 2048;

  private final KernelSpec spec;
  private final CopyProblem problem;
  private final Axis rows;
  private final Axis columns;
  private final OuterAxes outer;
  private final ShuffleTransposeCode shape;
  private final CodeCache.Lease code;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment strides;

  /**
   * @param row the axis along which the output is dense
   * @param column the axis along which the input is dense
   */
  TransposeRun(KernelSpec spec, VectorSet set, CopyProblem problem, int row, int column) {
    this.spec = spec;
    this.problem = problem;
    this.rows = problem.axes().get(row);
    this.columns = problem.axes().get(column);
    List<Axis> rest = new ArrayList<>(problem.axes());
    rest.remove(Math.max(row, column));
    rest.remove(Math.min(row, column));
    this.outer = new OuterAxes(rest);
    this.shape = shape(set, problem.elementBytes(), columns);
    this.code = CodeCache.lease(shape, shape::generate);
    this.strides = arena.allocate(16, 8);
    strides.set(ValueLayout.JAVA_LONG, 0, rows.inputStride() * problem.elementBytes());
    strides.set(ValueLayout.JAVA_LONG, 8, columns.outputStride() * problem.elementBytes());
  }

  /**
   * With the longest registers that the columns fill, or the shortest when the output's rows lie at
   * distances that would make the lines of many of them displace each other from the cache.
   */
  private static ShuffleTransposeCode shape(VectorSet set, int elementBytes, Axis columns) {
    boolean collides = columns.outputStride() * elementBytes % COLLIDING_BYTES == 0;
    Length length = collides ? Length.XMM : set.length();
    while (length != Length.XMM && length.bytes() / elementBytes > columns.size()) {
      length = Length.values()[length.ordinal() - 1];
    }
    return new ShuffleTransposeCode(set, length, elementBytes);
  }

  @Override
  public CopyProblem problem() {
    return problem;
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Runnable bind(Operands operands, int threads) {
    operands.require(problem, true);
    long stripColumns = (long) STRIP_BLOCKS * shape.columns();
    long strips = Math.ceilDiv(columns.size(), stripColumns);
    return Chunks.bindEach(
        outer.count() * strips,
        2 * problem.count() * problem.elementBytes(),
        threads,
        unit -> {
          long part = unit / strips;
          long column = unit % strips * stripColumns;
          long from = operands.input().address() + bytes(outer.input(part));
          long to = operands.output().address() + bytes(outer.output(part));
          strip(from, to, column, Math.min(stripColumns, columns.size() - column));
        });
  }

  private long bytes(long elements) {
    return elements * problem.elementBytes();
  }

  private void strip(long from, long to, long column, long count) {
    long blocks = count / shape.columns();
    if (blocks > 0) {
      rows(from, to, column, blocks);
    }
    if (count % shape.columns() != 0) {
      rows(from, to, column + count - shape.columns(), 1);
    }
  }

  private void rows(long from, long to, long column, long columnBlocks) {
    long blocks = rows.size() / shape.rows();
    call(from, to, 0, blocks, column, columnBlocks);
    if (rows.size() % shape.rows() != 0) {
      call(from, to, rows.size() - shape.rows(), 1, column, columnBlocks);
    }
  }

  private void call(long from, long to, long row, long blocks, long column, long columnBlocks) {
    NativeCall.block(
        code.entry(),
        from + bytes(row * rows.inputStride() + column),
        0,
        to + bytes(row + column * columns.outputStride()),
        0,
        blocks,
        columnBlocks,
        strides.address());
  }

  @Override
  public void close() {
    code.close();
    arena.close();
  }
}
