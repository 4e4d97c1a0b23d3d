package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.LookupProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Bytes by table in machine code: of AVX-512 VBMI, or of scalar instructions. */
public final class X86Lookup implements Kernel {
  private static final String PERMUTES_BYTES = "avx512vbmi";

  private final VectorSet set;
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2}, or {@code AVX512} with VBMI besides
   */
  public X86Lookup(Isa isa) {
    this.set = VectorSet.of(isa);
    this.spec =
        new KernelSpec(
            "x8-lookup-%d-%s".formatted(permutes() ? 64 : 1, isa),
            KernelFamily.LOOKUP,
            Set.of(DType.UINT8, DType.INT8),
            new KernelSpec.Tile(1, permutes() ? 64 : 1, 1),
            "",
            isa);
  }

  private boolean permutes() {
    return set == VectorSet.AVX512;
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof LookupProblem
        ? Acceptance.when(
                !permutes() || cpu.flags().contains(PERMUTES_BYTES),
                "the CPU lacks " + PERMUTES_BYTES)
            .and(ExecutableMemory.allowed())
        : Acceptance.no("not a lookup");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new Run(
        spec, new LookupCode.Source(set, permutes()), (LookupProblem) problem, weights.data());
  }

  private static final class Run extends RowsRun {
    private final @Nullable MemorySegment table;

    Run(
        KernelSpec spec,
        LookupCode.Source code,
        LookupProblem problem,
        @Nullable MemorySegment table) {
      super(spec, problem, table != null, code, Grid.dense(1, problem.count(), 1, 1, 2));
      this.table = keep(table);
    }

    @Override
    Runnable bindChecked(Operands operands, int threads) {
      MemorySegment used = table != null ? table : Objects.requireNonNull(operands.second());
      return call(
          new Buffers(operands.input(), MemorySegment.NULL, operands.output(), used), threads);
    }
  }
}
