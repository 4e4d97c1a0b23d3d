package io.compresso.kernel.ref;

import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.ProductProblem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the prepared references share: a copy of the weights, checks, and the epilogue. */
abstract class RefPrepared implements PreparedKernel {
  final RefEpilogue epilogue;
  final WeightQuantization quantization;
  private final KernelSpec spec;
  private final ProductProblem problem;
  private final @Nullable MemorySegment weights;

  RefPrepared(KernelSpec spec, ProductProblem problem, Weights weights) {
    this.spec = spec;
    this.problem = problem;
    this.epilogue = new RefEpilogue(problem, weights);
    this.quantization = weights.quantization();
    MemorySegment data = weights.data();
    this.weights = data == null ? null : Arena.ofAuto().allocate(data.byteSize(), 8).copyFrom(data);
  }

  /** Computes the checked operands. */
  abstract void run(Operands operands, MemorySegment data, Tensor output, int threads);

  @Override
  public final ProductProblem problem() {
    return problem;
  }

  @Override
  public final KernelSpec spec() {
    return spec;
  }

  @Override
  public final void run(Operands operands, int threads) {
    operands.require(problem, weights != null);
    DType type = problem.types().output();
    long count = problem.outputBytes() * 8 / type.bits();
    Tensor output = RefElements.tensor(type, operands.output(), count);
    run(
        operands,
        weights != null ? weights : Objects.requireNonNull(operands.second()),
        output,
        threads);
  }

  /** Nothing to free: the copy of the weights is the garbage collector's. */
  @Override
  public final void close() {}
}
