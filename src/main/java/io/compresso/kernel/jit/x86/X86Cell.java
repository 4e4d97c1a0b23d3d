package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.BoundKernel;
import io.compresso.kernel.CellProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Steps of recurrent cells in AVX2 or AVX-512 code, in one pass over the gates. */
public final class X86Cell implements Kernel {
  /** What offsets in an instruction reach. */
  private static final long MOST_BYTES = 1L << 30;

  private final VectorSet set;
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public X86Cell(Isa isa) {
    this.set = VectorSet.of(isa);
    this.spec = X86Unary.spec("f32-cell", KernelFamily.CELL, Set.of(DType.FLOAT), set, isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof CellProblem cells
        ? Acceptance.when(
                cells.outputBytes() < MOST_BYTES && 16L * cells.width() < MOST_BYTES,
                "too many cells")
            .and(ExecutableMemory.allowed())
        : Acceptance.no("not a step of cells");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new Run(spec, set, (CellProblem) problem, weights);
  }

  private static final class Run implements BoundKernel {
    private final KernelSpec spec;
    private final CellProblem problem;
    private final CodeCache.Lease code;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment strides = arena.allocate(4L * Long.BYTES, Long.BYTES);
    private final @Nullable MemorySegment data;

    Run(KernelSpec spec, VectorSet set, CellProblem problem, Weights weights) {
      this.spec = spec;
      this.problem = problem;
      CellCode.Source source = new CellCode.Source(set, problem);
      this.code = CodeCache.lease(source, () -> source.create().generate());
      MemorySegment given = weights.data();
      this.data =
          given == null ? null : arena.allocate(given.byteSize(), Float.BYTES).copyFrom(given);
      long gates = problem.kind().gates();
      long row = DType.FLOAT.bytes(problem.width());
      long ofGates = gates * DType.FLOAT.bytes(problem.columns());
      long[] rows = {ofGates, ofGates, row, row};
      for (int i = 0; i < rows.length; i++) {
        strides.setAtIndex(ValueLayout.JAVA_LONG, i, rows[i]);
      }
    }

    @Override
    public KernelSpec spec() {
      return spec;
    }

    @Override
    public Problem problem() {
      return problem;
    }

    @Override
    public Runnable bind(Operands operands, int threads) {
      operands.require(problem, data != null);
      MemorySegment second = data != null ? data : Objects.requireNonNull(operands.second());
      MemorySegment kept = Objects.requireNonNull(operands.third());
      if (problem.cells() == 0) {
        return () -> {};
      }
      return () -> {
        long first = DType.FLOAT.bytes(problem.first());
        NativeCall.tiles(
            code.entry(),
            operands.input().address(),
            second.address(),
            operands.output().address() + first,
            kept.address() + first,
            problem.rows(),
            problem.columns(),
            strides.address(),
            operands.output().address() + problem.magnitudeAt());
        Reference.reachabilityFence(operands);
        Reference.reachabilityFence(this);
      };
    }

    @Override
    public void close() {
      code.close();
      arena.close();
    }
  }
}
