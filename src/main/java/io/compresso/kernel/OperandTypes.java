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

  /**
   * Whether the product quantizes the rows of a float input to 8 bits as it reads them, and
   * multiplies integers ({@code FLOAT x INT8 -> FLOAT}). The scale of row i is {@code s = max |x| /
   * 127}, each element {@code rint(x / s)} bounded by +-127, or 0 where s is 0. The result is that
   * of an 8-bit product whose input has the scale s and the zero point 0; it is NaN throughout a
   * row that has a NaN or an infinity. Inputs must not be transposed.
   */
  public boolean quantizesRows() {
    return input == DType.FLOAT && weight == DType.INT8 && output == DType.FLOAT;
  }

  private static boolean isByte(DType dtype) {
    return dtype == DType.UINT8 || dtype == DType.INT8;
  }
}
