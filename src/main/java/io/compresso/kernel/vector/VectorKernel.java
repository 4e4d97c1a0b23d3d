package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A portable kernel of a memory-bound family, whose work is one method. */
abstract class VectorKernel<P extends Problem> implements Kernel {
  /** The types that a {@link FloatBlock} is read from and written to. */
  static final Set<DType> FLOATS = Set.of(DType.FLOAT, DType.FLOAT16, DType.BFLOAT16);

  private final KernelSpec spec;
  private final Class<P> type;

  VectorKernel(KernelFamily family, Class<P> type, Set<DType> types) {
    this("x", family, type, types);
  }

  /**
   * @param elements which the id begins with, to tell kernels of one family apart
   */
  VectorKernel(String elements, KernelFamily family, Class<P> type, Set<DType> types) {
    this.type = type;
    String name = family.name().toLowerCase(Locale.ROOT).replace('_', '-');
    this.spec =
        new KernelSpec(
            elements + "-" + name + "-1v-vector",
            family,
            types,
            new KernelSpec.Tile(1, 1, 1),
            "",
            Isa.VECTOR);
  }

  /** The constants of a prepared problem. */
  record Constants(
      @Nullable MemorySegment data, @Nullable MemorySegment bias, WeightQuantization quantization) {
    /** The second operand, constant or given. */
    MemorySegment second(Operands operands) {
      return data != null ? data : Objects.requireNonNull(operands.second());
    }
  }

  /** Whether the kernel works in this JVM. */
  Acceptance available() {
    return VectorModule.present();
  }

  /** Whether the kernel takes the problem. */
  abstract Acceptance accepts(P problem);

  /** Computes the checked operands. */
  abstract void run(P problem, Constants constants, Operands operands, int threads);

  /** What computes the checked operands again and again. */
  Runnable bind(P problem, Constants constants, Operands operands, int threads) {
    return () -> run(problem, constants, operands, threads);
  }

  @Override
  public final KernelSpec spec() {
    return spec;
  }

  @Override
  public final Acceptance accepts(Problem problem, CpuFeatures cpu) {
    Acceptance present = available();
    // What follows may load classes that need the module.
    if (!present.accepted()) {
      return present;
    }
    return type.isInstance(problem)
        ? accepts(type.cast(problem))
        : Acceptance.no("not a problem of " + spec.family());
  }

  @Override
  public final PreparedKernel prepare(Problem problem, Weights weights) {
    P cast = type.cast(problem);
    Constants constants =
        new Constants(copy(weights.data()), copy(weights.bias()), weights.quantization());
    return new PreparedKernel() {
      @Override
      public Problem problem() {
        return problem;
      }

      @Override
      public KernelSpec spec() {
        return spec;
      }

      @Override
      public void run(Operands operands, int threads) {
        operands.require(problem, constants.data() != null);
        VectorKernel.this.run(cast, constants, operands, threads);
      }

      @Override
      public Runnable bind(Operands operands, int threads) {
        operands.require(problem, constants.data() != null);
        return VectorKernel.this.bind(cast, constants, operands, threads);
      }

      /** Nothing to free: the copies are the garbage collector's. */
      @Override
      public void close() {}
    };
  }

  private static @Nullable MemorySegment copy(@Nullable MemorySegment segment) {
    return segment == null
        ? null
        : Arena.ofAuto().allocate(segment.byteSize(), 8).copyFrom(segment);
  }
}
