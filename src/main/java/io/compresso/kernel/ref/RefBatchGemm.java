package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.BatchGemmProblem;
import io.compresso.kernel.BatchGemmProblem.Place;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Objects;

/** Batched products by their definition: each pair is copied together and multiplied alone. */
public final class RefBatchGemm implements Kernel {
  private static final KernelSpec SPEC =
      new KernelSpec(
          "x-batchgemm-1x1-ref",
          KernelFamily.BATCH_GEMM,
          EnumSet.allOf(DType.class),
          KernelSpec.Tile.SCALAR,
          "",
          Isa.REF);

  private final RefGemm one = new RefGemm();

  @Override
  public KernelSpec spec() {
    return SPEC;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof BatchGemmProblem batch
        ? one.accepts(batch.product(), cpu)
        : Acceptance.no("not a batch of matrix products");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    BatchGemmProblem batch = (BatchGemmProblem) problem;
    return new Prepared(batch, one.prepare(batch.product(), weights.withData(null)));
  }

  private record Prepared(BatchGemmProblem problem, PreparedKernel product)
      implements PreparedKernel {
    @Override
    public KernelSpec spec() {
      return SPEC;
    }

    @Override
    public void run(Operands operands, int threads) {
      operands.require(problem, false);
      GemmProblem each = problem.product();
      try (Arena arena = Arena.ofShared()) {
        MemorySegment a = arena.allocate(each.inputBytes(), 8);
        MemorySegment b = arena.allocate(each.weightBytes(), 8);
        MemorySegment c = arena.allocate(each.outputBytes(), 8);
        MemorySegment third = arena.allocate(each.thirdBytes(), 8);
        for (int index = 0; index < problem.count(); index++) {
          gather(operands.input(), problem.a(), index, a, each.types().input(), each.m(), each.k());
          gather(
              Objects.requireNonNull(operands.second()),
              problem.b(),
              index,
              b,
              each.types().weight(),
              each.k(),
              each.n());
          if (each.thirdBytes() > 0) {
            MemorySegment residual = Objects.requireNonNull(operands.third());
            gather(
                residual,
                problem.output(),
                index,
                third,
                each.types().output(),
                each.m(),
                each.n());
          }
          product.run(new Operands(a, b, each.thirdBytes() > 0 ? third : null, c, 0, 1), threads);
          scatter(c, operands.output(), index);
        }
      }
    }

    private long first(Place place, int index) {
      return place.first(index / problem.inner(), index % problem.inner());
    }

    private void gather(
        MemorySegment from, Place place, int index, MemorySegment to, DType type, int rows, int n) {
      long size = type.bits() / 8;
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < n; j++) {
          long at = first(place, index) + i * place.row() + j * place.column();
          MemorySegment.copy(from, at * size, to, ((long) i * n + j) * size, size);
        }
      }
    }

    private void scatter(MemorySegment from, MemorySegment to, int index) {
      GemmProblem each = problem.product();
      Place place = problem.output();
      long size = each.types().output().bits() / 8;
      for (int i = 0; i < each.m(); i++) {
        for (int j = 0; j < each.n(); j++) {
          long at = first(place, index) + i * place.row() + j * place.column();
          MemorySegment.copy(from, ((long) i * each.n() + j) * size, to, at * size, size);
        }
      }
    }

    @Override
    public void close() {
      product.close();
    }
  }
}
