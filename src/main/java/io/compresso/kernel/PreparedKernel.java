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

  /**
   * What computes the output from the same memory again and again: all that a run needs is made
   * here, once. It must not run twice at a time, nor after {@link #close}.
   *
   * @param threads as in {@link #run(Operands, int)}
   * @throws IllegalArgumentException if a segment does not fit the problem
   */
  default Runnable bind(Operands operands, int threads) {
    return () -> run(operands, threads);
  }

  /** A bound computation whose input's quantization only a run knows. */
  @FunctionalInterface
  interface QuantizedRun {
    void run(int inputZeroPoint, float inputScale);
  }

  /**
   * As {@link #bind}, for an 8-bit input, or an 8-bit output of floats, whose zero point and scale
   * come with each run instead of the operands'.
   *
   * @throws IllegalArgumentException if a segment does not fit the problem
   */
  default QuantizedRun bindQuantized(Operands operands, int threads) {
    return (zeroPoint, scale) -> run(operands.withInputQuantization(zeroPoint, scale), threads);
  }

  /** Computes the output with all threads of the pool. */
  default void run(Operands operands) {
    run(operands, Workers.shared().size());
  }

  @Override
  void close();
}
