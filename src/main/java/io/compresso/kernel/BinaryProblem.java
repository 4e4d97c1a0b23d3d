package io.compresso.kernel;

import io.compresso.tensor.DType;

/**
 * {@code y = f(a, b)} of each pair of elements: {@code a} is the input, {@code b} the second
 * operand, constant or not. Floats of 16 bits are computed in single precision and rounded once;
 * integers wrap. Comparisons give {@code BOOL}. The output may be an operand itself that is as
 * large and of the same type.
 *
 * @param type of both operands
 * @param broadcast which elements are pairs
 */
public record BinaryProblem(BinaryFunction function, DType type, Broadcast broadcast)
    implements Problem {
  /** The type of the result. */
  public DType outputType() {
    return function.isComparison() ? DType.BOOL : type;
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.BINARY;
  }

  @Override
  public long inputBytes() {
    return type.bytes(broadcast.leftCount());
  }

  @Override
  public long secondBytes() {
    return type.bytes(broadcast.rightCount());
  }

  @Override
  public long outputBytes() {
    return outputType().bytes(broadcast.count());
  }
}
