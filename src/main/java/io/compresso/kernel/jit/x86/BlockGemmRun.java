package io.compresso.kernel.jit.x86;

import io.compresso.kernel.BlockGemmProblem;
import io.compresso.kernel.BoundKernel;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.BlockPanels;
import io.compresso.kernel.panel.Chunks;
import io.compresso.kernel.panel.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/** A prepared {@link BlockGemmCode} with its packed weights; the threads share the panels. */
final class BlockGemmRun implements BoundKernel {
  private final KernelSpec spec;
  private final BlockGemmProblem problem;
  private final VectorSet set;
  private final Arena arena = Arena.ofShared();
  private final BlockPanels panels;
  private final MemorySegment table;
  private final long inputStride;
  private final CodeCache.Lease code;

  BlockGemmRun(KernelSpec spec, BlockGemmProblem problem, Weights weights) {
    this.spec = spec;
    this.problem = problem;
    this.set = VectorSet.of(spec.isa());
    this.panels = new BlockPanels(problem, weights, set.lanes(), problem.bias(), arena);
    this.table = arena.allocate(BlockValues.TABLE_BYTES, 64);
    BlockValues.fillTable(table, set, panels);
    BlockGemmCode.Source source =
        new BlockGemmCode.Source(set, panels.layout(), Math.max(1, problem.m()), problem.n());
    this.inputStride = source.inputStride();
    this.code = CodeCache.lease(source, source::generate);
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
    private final int each;
    private final int chunks;
    private final long lastMask;
    private final Workers.ChunkTask multiplying = this::multiply;
    private long input;

    Run(Operands operands, int threads) {
      this.operands = operands;
      this.threads = threads;
      long most = Math.max(1, Chunks.count(panels.bytes(), threads));
      this.each = (int) Math.ceilDiv(panels.count(), most);
      this.chunks = Math.ceilDiv(panels.count(), each);
      int rest = problem.n() % set.lanes();
      this.lastMask = set.mask(rest == 0 ? set.lanes() : rest).address();
    }

    @Override
    public void run() {
      if (problem.k() % problem.block() == 0) {
        input = operands.input().address();
        Workers.shared().run(chunks, threads, multiplying);
      } else {
        padAndMultiply();
      }
      Reference.reachabilityFence(this);
    }

    private void padAndMultiply() {
      long used = 4L * problem.k();
      try (Scratch padded = Scratch.of(problem.m() * inputStride)) {
        MemorySegment target = padded.memory();
        for (int row = 0; row < problem.m(); row++) {
          MemorySegment.copy(operands.input(), row * used, target, row * inputStride, used);
          target.asSlice(row * inputStride + used, inputStride - used).fill((byte) 0);
        }
        input = target.address();
        Workers.shared().run(chunks, threads, multiplying);
      }
    }

    private void multiply(int chunk) {
      int first = chunk * each;
      int count = Math.min(each, panels.count() - first);
      boolean last = first + count == panels.count();
      NativeCall.block(
          code.entry(),
          input,
          panels.fields(first),
          operands.output().address() + (long) first * panels.layout().vectorBytes(),
          panels.constants(first),
          count,
          last ? lastMask : set.mask(set.lanes()).address(),
          table.address());
    }
  }

  @Override
  public void close() {
    code.close();
    arena.close();
  }
}
