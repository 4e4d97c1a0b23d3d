package io.compresso.kernel.composed;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.BatchGemmProblem;
import io.compresso.kernel.BatchGemmProblem.Place;
import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.panel.Scratch;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Batched products one by one, by the machine's matrix product. Matrices that are neither dense nor
 * dense transposed are copied before, results that are not dense after it.
 */
public final class GemmByGemm extends ComposedKernel {
  public GemmByGemm() {
    super(KernelFamily.BATCH_GEMM, "x", Set.of(DType.FLOAT, DType.FLOAT16, DType.BFLOAT16), "each");
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    if (!(problem instanceof BatchGemmProblem batch)) {
      return Acceptance.no("not a batch of matrix products");
    }
    Layouts layouts = Layouts.of(batch);
    Acceptance acceptance = KernelCatalog.takesBeforeReference(layouts.product(), cpu);
    for (Matrices matrices : layouts.all()) {
      for (CopyProblem copy : matrices.copies()) {
        acceptance = acceptance.and(KernelCatalog.takesBeforeReference(copy, cpu));
      }
    }
    return acceptance;
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    BatchGemmProblem batch = (BatchGemmProblem) problem;
    Layouts layouts = Layouts.of(batch);
    return new Prepared(
        spec(),
        batch,
        KernelCatalog.prepare(layouts.product(), weights.withData(null)),
        new Mover(layouts.a()),
        new Mover(layouts.b()),
        new Mover(layouts.output()));
  }

  /** How the matrices of an operand lie. */
  private enum Layout {
    DENSE,
    DENSE_TRANSPOSED,
    STRIDED;

    static Layout of(Place place, long rows, long columns) {
      if (isDense(place.row(), rows, place.column(), columns)) {
        return DENSE;
      }
      return isDense(place.column(), columns, place.row(), rows) ? DENSE_TRANSPOSED : STRIDED;
    }

    private static boolean isDense(long outer, long outerSize, long inner, long innerSize) {
      return (outerSize <= 1 || outer == innerSize) && (innerSize <= 1 || inner == 1);
    }
  }

  /** The matrices of an operand. */
  private record Matrices(DType type, Place place, int rows, int columns, Layout layout) {
    static Matrices of(DType type, Place place, int rows, int columns) {
      return new Matrices(type, place, rows, columns, Layout.of(place, rows, columns));
    }

    /** The same if they are dense, or else as ones that have to be copied. */
    Matrices untransposed() {
      return layout == Layout.DENSE
          ? this
          : new Matrices(type, place, rows, columns, Layout.STRIDED);
    }

    boolean areTransposed() {
      return layout == Layout.DENSE_TRANSPOSED;
    }

    long bytes() {
      return type.bytes((long) rows * columns);
    }

    /** What makes a matrix dense and what puts a dense one in its place, if need be. */
    List<CopyProblem> copies() {
      return layout == Layout.STRIDED ? List.of(gather(), scatter()) : List.of();
    }

    CopyProblem gather() {
      return CopyProblem.of(
          type.bits() / Byte.SIZE,
          List.of(
              new CopyProblem.Axis(rows, place.row(), columns),
              new CopyProblem.Axis(columns, place.column(), 1)));
    }

    CopyProblem scatter() {
      return CopyProblem.of(
          type.bits() / Byte.SIZE,
          List.of(
              new CopyProblem.Axis(rows, columns, place.row()),
              new CopyProblem.Axis(columns, 1, place.column())));
    }
  }

  /** The operands of a batch, and one of its products as they lie. */
  private record Layouts(Matrices a, Matrices b, Matrices output, GemmProblem product) {
    static Layouts of(BatchGemmProblem problem) {
      GemmProblem each = problem.product();
      Matrices left = Matrices.of(each.types().input(), problem.a(), each.m(), each.k());
      Matrices a = each.types().quantizesRows() ? left.untransposed() : left;
      Matrices b = Matrices.of(each.types().weight(), problem.b(), each.k(), each.n());
      Matrices output =
          Matrices.of(each.types().output(), problem.output(), each.m(), each.n()).untransposed();
      return new Layouts(a, b, output, each.withTranspose(a.areTransposed(), b.areTransposed()));
    }

    List<Matrices> all() {
      return Stream.of(a, b, output).toList();
    }
  }

  /** Finds the matrices of an operand, and copies those that are strided. */
  private static final class Mover implements AutoCloseable {
    private final Matrices matrices;
    private final @Nullable PreparedKernel gather;
    private final @Nullable PreparedKernel scatter;

    Mover(Matrices matrices) {
      this.matrices = matrices;
      boolean strided = matrices.layout() == Layout.STRIDED;
      this.gather = strided ? KernelCatalog.prepare(matrices.gather(), Weights.NONE) : null;
      this.scatter = strided ? KernelCatalog.prepare(matrices.scatter(), Weights.NONE) : null;
    }

    /** Memory for a dense copy. */
    Scratch scratch() {
      return Scratch.of(gather == null ? 0 : matrices.bytes());
    }

    /** A dense matrix that begins at an element of the operand, in {@code copy} if it is copied. */
    MemorySegment dense(MemorySegment operand, long first, Scratch copy) {
      if (gather == null) {
        return slice(operand, first, matrices.bytes());
      }
      MemorySegment target = copy.segment();
      gather.run(Operands.of(slice(operand, first, gather.problem().inputBytes()), target), 1);
      return target;
    }

    /** Where a dense result is to be written that {@link #store} puts in its place. */
    MemorySegment target(MemorySegment operand, long first, Scratch copy) {
      return gather == null ? slice(operand, first, matrices.bytes()) : copy.segment();
    }

    void store(MemorySegment dense, MemorySegment operand, long first) {
      if (scatter != null) {
        scatter.run(Operands.of(dense, slice(operand, first, scatter.problem().outputBytes())), 1);
      }
    }

    private MemorySegment slice(MemorySegment operand, long first, long bytes) {
      return operand.asSlice(bytes == 0 ? 0 : matrices.type().bytes(first), bytes);
    }

    @Override
    public void close() {
      if (gather != null && scatter != null) {
        gather.close();
        scatter.close();
      }
    }
  }

  private record Prepared(
      KernelSpec spec,
      BatchGemmProblem problem,
      PreparedKernel product,
      Mover a,
      Mover b,
      Mover output)
      implements PreparedKernel {
    @Override
    public void run(Operands operands, int threads) {
      operands.require(problem, false);
      int count = problem.product().outputBytes() == 0 ? 0 : problem.count();
      if (count >= Math.min(threads, Workers.shared().size())) {
        Workers.shared().run(count, threads, index -> multiply(operands, index, 1));
        return;
      }
      for (int index = 0; index < count; index++) {
        multiply(operands, index, threads);
      }
    }

    private void multiply(Operands operands, int index, int threads) {
      long result = first(problem.output(), index);
      MemorySegment second = Objects.requireNonNull(operands.second());
      MemorySegment added = problem.thirdBytes() > 0 ? operands.third() : null;
      try (Scratch left = a.scratch();
          Scratch right = b.scratch();
          Scratch residual = output.scratch();
          Scratch results = output.scratch()) {
        MemorySegment dense = output.target(operands.output(), result, results);
        product.run(
            new Operands(
                a.dense(operands.input(), first(problem.a(), index), left),
                b.dense(second, first(problem.b(), index), right),
                added == null ? null : output.dense(added, result, residual),
                dense,
                0,
                1),
            threads);
        output.store(dense, operands.output(), result);
      }
    }

    private long first(Place place, int index) {
      return place.first(index / problem.inner(), index % problem.inner());
    }

    @Override
    public void close() {
      product.close();
      a.close();
      b.close();
      output.close();
    }
  }
}
