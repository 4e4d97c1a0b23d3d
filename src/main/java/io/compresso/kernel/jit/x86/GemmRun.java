package io.compresso.kernel.jit.x86;

import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Workers;
import io.compresso.kernel.panel.Blocks;
import io.compresso.kernel.panel.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/** A prepared product of two matrices, cut into blocks of the output that threads share. */
abstract class GemmRun implements PreparedKernel {
  /** Products with fewer rows wait for the right operand. */
  private static final int FEW_ROWS = 16;

  /** Bytes of a right operand that nearer caches hold beside other data. */
  private static final long NEAR_BYTES = 1 << 19;

  final KernelSpec spec;
  final GemmProblem problem;
  final Arena arena = Arena.ofShared();

  /** What a {@link GemmFrame} holds before a run's own values. */
  final MemorySegment frame = arena.allocate(GemmFrame.BYTES, 64);

  /**
   * The direction of the last run. Runs at the same time may all turn it, which is of no
   * consequence for their results.
   */
  private boolean turned;

  GemmRun(KernelSpec spec, GemmProblem problem) {
    this.spec = spec;
    this.problem = problem;
  }

  @Override
  public final GemmProblem problem() {
    return problem;
  }

  @Override
  public final KernelSpec spec() {
    return spec;
  }

  /** Whether the right operand was given when the product was prepared. */
  abstract boolean hasWeights();

  /**
   * Binds operands that fit a problem with outputs.
   *
   * @param own memory of a frame
   */
  abstract Run bound(Operands operands, int threads, MemorySegment own);

  @Override
  public final void run(Operands operands, int threads) {
    if (hasOutputs(operands)) {
      try (Scratch own = Scratch.of(GemmFrame.BYTES)) {
        bound(operands, threads, own.memory()).run();
      }
    }
  }

  @Override
  public final Runnable bind(Operands operands, int threads) {
    return hasOutputs(operands) ? bound(operands, threads, ownFrame()) : () -> {};
  }

  /** Checks the operands, and whether there is anything to compute. */
  final boolean hasOutputs(Operands operands) {
    operands.require(problem, hasWeights());
    return problem.m() > 0 && problem.n() > 0;
  }

  /**
   * Whether a run computes the last columns first: every other one does, so that it begins with
   * those weights that the one before has read last and that are still in the caches.
   */
  private boolean turn() {
    boolean turns = problem.m() < FEW_ROWS && hasWeights() && problem.weightBytes() > NEAR_BYTES;
    turned = turns && !turned;
    return turned;
  }

  /** Memory of a frame for a binding, which lives as long as that. */
  static MemorySegment ownFrame() {
    return Arena.ofAuto().allocate(GemmFrame.BYTES, 64);
  }

  /** Runs on the same memory, one at a time. */
  abstract class Run implements Runnable {
    final Operands operands;
    final int threads;
    final MemorySegment own;
    final Blocks blocks;
    private final Workers.ChunkTask multiplying = this::multiply;
    boolean backwards;

    Run(Operands operands, int threads, MemorySegment own, Blocks blocks) {
      this.operands = operands;
      this.threads = threads;
      this.own = own.copyFrom(frame);
      this.blocks = blocks;
    }

    /** Whether blocks are multiplied with the operands as they lie. */
    abstract boolean isDirect();

    /** Copies operands, then {@linkplain #multiplyBlocks multiplies}. */
    abstract void copyAndMultiply();

    abstract void multiply(int block);

    final void multiplyBlocks() {
      backwards = turn();
      Workers.shared().run(blocks.count(), threads, multiplying);
    }

    @Override
    public final void run() {
      if (isDirect()) {
        multiplyBlocks();
      } else {
        copyAndMultiply();
      }
      Reference.reachabilityFence(this);
    }
  }
}
