package io.compresso.kernel.jit.x86;

import io.compresso.kernel.BatchGemmProblem;
import io.compresso.kernel.BoundKernel;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.jit.x86.GemmPanels.Unit;
import io.compresso.kernel.jit.x86.GemmShape.Left;
import io.compresso.kernel.jit.x86.GemmShape.Output;
import io.compresso.kernel.jit.x86.GemmShape.Part;
import io.compresso.kernel.jit.x86.GemmShape.Right;
import io.compresso.kernel.jit.x86.GemmShape.Terms;
import io.compresso.kernel.panel.Scratch;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Prepared products of many pairs of matrices; the threads share the pairs. */
final class BatchGemmRun implements BoundKernel {
  private static final long LEAST_MACS = 1 << 17;

  private final KernelSpec spec;
  private final BatchGemmProblem problem;
  private final GemmPanels panels;
  private final GemmProduct product;
  private final GemmShape shape;
  private final @Nullable PanelCopies copies;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment columns;
  private final MemorySegment frame;

  BatchGemmRun(KernelSpec spec, BatchGemmProblem problem, Weights weights) {
    this.spec = spec;
    this.problem = problem;
    GemmProblem each = problem.product();
    int paddedColumns = GemmProduct.paddedColumns(each.n(), spec.isa());
    boolean transposed = problem.b().column() != 1;
    this.panels =
        new GemmPanels(
            each.k(), each.n(), transposed, new Unit(4, 1, 1), GemmProduct.width(spec.isa()));
    long stride = transposed ? problem.b().column() : problem.b().row();
    this.copies = each.k() > 0 ? new PanelCopies(panels, VectorSet.of(spec.isa()), stride) : null;
    this.shape =
        new GemmShape(
            Factors.FLOATS,
            new Left(problem.a().row(), problem.a().column()),
            new Right(DType.FLOAT, panels.stepBytes(), Math.max(1, panels.panelBytes())),
            each.k(),
            new Output(
                DType.FLOAT, problem.output().row(), each.epilogue(), paddedColumns, Terms.NONE));
    this.product = new GemmProduct(shape, spec.isa(), null);
    columns = arena.allocate(4L * paddedColumns, 64);
    if (each.epilogue().bias()) {
      columns.copyFrom(Objects.requireNonNull(weights.bias()));
    }
    frame = arena.allocate(GemmFrame.BYTES, 64);
    GemmFrame.constants(frame, DType.FLOAT, each.epilogue(), 0, weights.residual());
  }

  @Override
  public BatchGemmProblem problem() {
    return problem;
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Runnable bind(Operands operands, int threads) {
    operands.require(problem, false);
    return problem.outputBytes() == 0 ? () -> {} : new Run(operands, threads);
  }

  /** Runs on the same memory, one at a time. */
  private final class Run implements Runnable {
    private final Operands operands;
    private final MemorySegment right;
    private final int threads;
    private final int chunks;
    private final MemorySegment own = Arena.ofAuto().allocate(GemmFrame.BYTES, 64);
    private final Part whole = shape.whole();
    private final Workers.ChunkTask task = this::chunk;

    Run(Operands operands, int threads) {
      this.operands = operands;
      this.right = Objects.requireNonNull(operands.second());
      this.threads = threads;
      long macs = problem.product().macs() * problem.count();
      this.chunks = (int) Math.clamp(macs / LEAST_MACS, 1, problem.count());
      own.copyFrom(frame);
      MemorySegment third = operands.third() == null ? operands.output() : operands.third();
      GemmFrame.run(own, third, operands.output(), 1, 0);
    }

    @Override
    public void run() {
      Workers.shared().run(chunks, threads, task);
      Reference.reachabilityFence(this);
    }

    private void chunk(int chunk) {
      int from = (int) ((long) chunk * problem.count() / chunks);
      int to = (int) ((chunk + 1L) * problem.count() / chunks);
      try (Scratch packed = Scratch.of(panels.bytes())) {
        for (int index = from; index < to; index++) {
          multiply(packed.memory().address(), index);
        }
      }
    }

    private void multiply(long packed, int index) {
      int outer = index / problem.inner();
      int inner = index % problem.inner();
      if (copies != null) {
        copies.pack(right.address() + 4 * problem.b().first(outer, inner), packed);
      }
      GemmProblem each = problem.product();
      product.multiply(
          own.address(),
          operands.input().address() + (copies == null ? 0 : 4 * problem.a().first(outer, inner)),
          packed,
          operands.output().address() + 4 * problem.output().first(outer, inner),
          columns.address(),
          0,
          whole,
          each.m(),
          each.n());
    }
  }

  @Override
  public void close() {
    product.close();
    if (copies != null) {
      copies.close();
    }
    arena.close();
  }
}
