package io.compresso.kernel;

import io.compresso.tensor.DType;

/**
 * The element types of a product.
 *
 * @param input the left operand of a GEMM, the data of a convolution
 * @param weight the right operand of a GEMM, the filters of a convolution
 * @param output the result
 */
public record OperandTypes(DType input, DType weight, DType output) {
  /** {@code f32 x f32 -> f32}. */
  public static final OperandTypes FLOAT = all(DType.FLOAT);

  /** The same type for all operands. */
  public static OperandTypes all(DType dtype) {
    return new OperandTypes(dtype, dtype, dtype);
  }

  /** Whether both factors are 8-bit integers, whose products are summed in 32 bits. */
  public boolean isInt8() {
    return isByte(input) && isByte(weight);
  }

  private static boolean isByte(DType dtype) {
    return dtype == DType.UINT8 || dtype == DType.INT8;
  }
}
