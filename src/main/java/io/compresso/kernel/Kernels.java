package io.compresso.kernel;

import java.lang.foreign.MemorySegment;

/**
 * One-shot products: choose a kernel, prepare, run, close. Whoever runs a problem repeatedly with
 * the same weights prepares it once with {@link KernelCatalog#prepare(Problem, Weights)} instead.
 *
 * <p>A fully connected layer with ReLU, {@code y[m,n] = max(0, x[m,k] . w[n,k]^T + b[n])}:
 *
 * {@snippet :
 * var problem =
 *     GemmProblem.ofFloat(m, n, k)
 *         .withTranspose(false, true)
 *         .withEpilogue(Epilogue.BIAS.withRelu());
 * Kernels.run(problem, Weights.of(w.segment()).withBias(b.segment()), x.segment(), y.segment());
 * }
 *
 * <p>A 3x3 convolution of stride 2 over NCHW:
 *
 * {@snippet :
 * var axes = List.of(new SpatialAxis(h, 3, 2, 1, 1, 1), new SpatialAxis(w, 3, 2, 1, 1, 1));
 * var problem =
 *     new ConvProblem(
 *         OperandTypes.FLOAT, Layout.NCHW, batch, new Channels(in, out, 1), axes, Epilogue.BIAS);
 * Kernels.run(problem, Weights.of(w.segment()).withBias(b.segment()), x.segment(), y.segment());
 * }
 *
 * <p>MatMulInteger, ConvInteger: types {@code (UINT8|INT8, UINT8|INT8, INT32)}, the weights' zero
 * points in {@link WeightQuantization#ofZeroPoints}, the input's in {@link
 * Operands#withInputQuantization}. QLinearMatMul, QLinearConv: an 8-bit output type, scales {@code
 * sx * sw[c] / sy}. Other element types of MatMul (f64, f16, bf16, s32, s64, u32, u64) are taken as
 * well.
 */
public final class Kernels {
  private Kernels() {}

  /** Runs {@code problem} once on all threads of the pool. */
  public static void run(
      Problem problem, Weights weights, MemorySegment input, MemorySegment output) {
    run(problem, weights, Operands.of(input, output));
  }

  /** Runs {@code problem} once on all threads of the pool. */
  public static void run(Problem problem, Weights weights, Operands operands) {
    try (PreparedKernel kernel = KernelCatalog.prepare(problem, weights)) {
      kernel.run(operands);
    }
  }
}
