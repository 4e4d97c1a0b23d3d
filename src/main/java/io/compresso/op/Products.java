package io.compresso.op;

import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The prepared kernels of one node: its constant weights, packed once for each problem, as the
 * sizes of a run make it.
 */
final class Products implements AutoCloseable {
  /** Problems per node that are kept; further ones are prepared for one run. */
  private static final int KEPT = 4;

  private final Map<Problem, PreparedKernel> kernels = new HashMap<>();

  /**
   * Runs a problem.
   *
   * @param constant whether {@code weights} gives the same in every run of the node
   */
  static void run(
      OpContext context,
      Problem problem,
      boolean constant,
      Supplier<Weights> weights,
      Operands operands) {
    PreparedKernel kept =
        constant ? context.prepared(Products::new).kernel(problem, weights) : null;
    if (kept != null) {
      kept.run(operands, context.threads());
      return;
    }
    try (PreparedKernel kernel = KernelCatalog.prepare(problem, weights.get())) {
      kernel.run(operands, context.threads());
    }
  }

  /** Refuses operands of different types, of which one would be read as the other. */
  static void requireOneType(OpContext context, int a, int b) {
    DType first = context.tensor(a).dtype();
    DType second = context.tensor(b).dtype();
    if (first != second) {
      throw context.error(
          "input %d '%s' is %s, input %d '%s' %s: give them one type, with a Cast before the node"
              .formatted(a, context.node().input(a), first, b, context.node().input(b), second));
    }
  }

  private synchronized @Nullable PreparedKernel kernel(Problem problem, Supplier<Weights> weights) {
    PreparedKernel kernel = kernels.get(problem);
    if (kernel == null && kernels.size() < KEPT) {
      kernel = KernelCatalog.prepare(problem, weights.get());
      kernels.put(problem, kernel);
    }
    return kernel;
  }

  /** The tensor's memory, copied when it lies on the heap, where kernels do not reach. */
  static MemorySegment memory(Tensor tensor) {
    return memory(tensor.segment());
  }

  static MemorySegment memory(MemorySegment segment) {
    if (segment.isNative()) {
      return segment;
    }
    return Arena.ofAuto().allocate(segment.byteSize(), Tensor.ALIGNMENT).copyFrom(segment);
  }

  @Override
  public synchronized void close() {
    kernels.values().forEach(PreparedKernel::close);
    kernels.clear();
  }
}
