package io.compresso.kernel;

/** One way to solve the problems of a family. Stateless; listed in {@link KernelCatalog}. */
public interface Kernel {
  KernelSpec spec();

  /** Whether {@code problem} can be solved by this kernel on {@code cpu}, or why not. */
  Acceptance accepts(Problem problem, CpuFeatures cpu);

  /**
   * Packs weights and makes code for an accepted problem.
   *
   * @throws IllegalArgumentException if the weights do not fit the problem
   */
  PreparedKernel prepare(Problem problem, Weights weights);
}
