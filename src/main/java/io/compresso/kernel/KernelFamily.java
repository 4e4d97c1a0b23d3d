package io.compresso.kernel;

/** What a kernel computes; each family has its own {@link Problem} record. */
public enum KernelFamily {
  /** Matrix product, {@link GemmProblem}. */
  GEMM,
  /** Convolution, {@link ConvProblem}. */
  CONV
}
