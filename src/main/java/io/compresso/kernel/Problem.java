package io.compresso.kernel;

/**
 * One computation with all its sizes and types, but without data. Problems are values: equal ones
 * can share generated code.
 */
public sealed interface Problem
    permits ProductProblem,
        BatchGemmProblem,
        BlockGemmProblem,
        UnaryProblem,
        BinaryProblem,
        QuantizedBinaryProblem,
        SoftmaxProblem,
        NormProblem,
        PoolProblem,
        ConvertProblem,
        LookupProblem,
        ReduceProblem,
        CopyProblem,
        GatherProblem,
        CellProblem {
  KernelFamily family();

  /** Bytes of the input operand. */
  long inputBytes();

  /** Bytes of the second operand; 0 when there is none. */
  default long secondBytes() {
    return 0;
  }

  /** Bytes of the third operand; 0 when there is none. */
  default long thirdBytes() {
    return 0;
  }

  /** Bytes of the constant bias, {@link Weights#bias()}; 0 when there is none. */
  default long biasBytes() {
    return 0;
  }

  /** Bytes of the output operand. */
  long outputBytes();

  /** The bias, the scales and the zero points of {@link Weights}: how many there may be of each. */
  default int outputChannels() {
    return 0;
  }
}
