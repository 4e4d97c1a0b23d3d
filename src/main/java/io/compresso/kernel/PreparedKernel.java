package io.compresso.kernel;

/**
 * A problem with its packed weights and its code. Safe for use by many threads at a time; closing
 * it frees both, which no run may overlap.
 */
public interface PreparedKernel extends AutoCloseable {
  Problem problem();

  /** The kernel that was chosen. */
  KernelSpec spec();

  /**
   * Computes the output.
   *
   * @param threads at most so many threads of {@link Workers} take part, the caller included
   * @throws IllegalArgumentException if a segment does not fit the problem
   */
  void run(Operands operands, int threads);

  /** Computes the output with all threads of the pool. */
  default void run(Operands operands) {
    run(operands, Workers.shared().size());
  }

  @Override
  void close();
}
