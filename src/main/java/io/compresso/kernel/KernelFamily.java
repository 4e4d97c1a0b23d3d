package io.compresso.kernel;

/** What a kernel computes; each family has its own {@link Problem} record. */
public enum KernelFamily {
  /** Matrix product, {@link GemmProblem}. */
  GEMM,
  /** Matrix products of many pairs, {@link BatchGemmProblem}. */
  BATCH_GEMM,
  /** Product with weights quantized in blocks, {@link BlockGemmProblem}. */
  BLOCK_GEMM,
  /** Convolution, {@link ConvProblem}. */
  CONV,
  /** A function of each element, {@link UnaryProblem}. */
  UNARY,
  /** A function of pairs of elements, {@link BinaryProblem}. */
  BINARY,
  /** Sum or product of 8-bit operands, {@link QuantizedBinaryProblem}. */
  QUANTIZED_BINARY,
  /** Softmax and its logarithm, {@link SoftmaxProblem}. */
  SOFTMAX,
  /** Normalization of rows, {@link NormProblem}. */
  NORM,
  /** Pooling, {@link PoolProblem}. */
  POOL,
  /** Quantization and other changes of type, {@link ConvertProblem}. */
  CONVERT,
  /** A table of 256 bytes, {@link LookupProblem}. */
  LOOKUP,
  /** Folding of axes, {@link ReduceProblem}. */
  REDUCE,
  /** Copies with strides, {@link CopyProblem}. */
  COPY,
  /** Blocks by index, {@link GatherProblem}. */
  GATHER,
  /** A step of recurrent cells, {@link CellProblem}. */
  CELL
}
