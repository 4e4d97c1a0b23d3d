package io.compresso.kernel;

import io.compresso.tensor.DType;

/**
 * One computation with all its sizes and types, but without data. Problems are values: equal ones
 * can share generated code.
 */
public sealed interface Problem permits GemmProblem, ConvProblem {
  KernelFamily family();

  /** The element types of the operands. */
  OperandTypes types();

  /** What happens to each sum before it is stored. */
  Epilogue epilogue();

  /** Bytes of the input operand. */
  long inputBytes();

  /** Bytes of the weight operand. */
  long weightBytes();

  /** Bytes of the output operand. */
  long outputBytes();

  /** Output channels: the length of bias, weight zero points and scales. */
  int outputChannels();

  /** Multiply-add operations. */
  long macs();

  /**
   * The type of the bias: {@code INT32} for integer outputs, {@code DOUBLE} for doubles, or else
   * {@code FLOAT}.
   */
  default DType biasType() {
    DType output = types().output();
    if (output == DType.DOUBLE) {
      return output;
    }
    return output.isFloat() ? DType.FLOAT : DType.INT32;
  }
}
