package io.compresso.kernel;

import io.compresso.tensor.DType;

/**
 * Sums of products of an input and weights. The weights are the second operand unless they are
 * constant ({@link Weights#data()}); the residual, if the epilogue adds one, is the third, of the
 * output's shape and type.
 */
public sealed interface ProductProblem extends Problem permits GemmProblem, ConvProblem {
  /** The element types of the operands. */
  OperandTypes types();

  /** What happens to each sum before it is stored. */
  Epilogue epilogue();

  /** Bytes of the weight operand. */
  long weightBytes();

  /** Output channels: the length of bias, weight zero points and scales. */
  @Override
  int outputChannels();

  /** The same with another epilogue. */
  ProductProblem withEpilogue(Epilogue epilogue);

  /** The same of other types. */
  ProductProblem withTypes(OperandTypes types);

  /** Multiply-add operations. */
  long macs();

  @Override
  default long secondBytes() {
    return weightBytes();
  }

  @Override
  default long thirdBytes() {
    return epilogue().residual() == Epilogue.Residual.NONE ? 0 : outputBytes();
  }

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

  @Override
  default long biasBytes() {
    return epilogue().bias() ? biasType().bytes(outputChannels()) : 0;
  }
}
