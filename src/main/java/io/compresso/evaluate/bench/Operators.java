package io.compresso.evaluate.bench;

import io.compresso.kernel.OperandTypes;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;

/** Operand types by the rows' type, and operators that several cases share. */
final class Operators {
  private Operators() {}

  /** The operands of products: unsigned activations and signed weights of 8 bits, or all alike. */
  static OperandTypes types(DType dtype) {
    return dtype == DType.INT8
        ? new OperandTypes(DType.UINT8, DType.INT8, DType.UINT8)
        : OperandTypes.all(dtype);
  }

  /** A QLinear operator of two operands, the second constant, without zero points. */
  static PeerModel quantized(String opType, String domain, Tensor x, Tensor w) {
    Tensor one = Tensor.scalar(1f);
    Tensor zero = Tensor.allocate(DType.UINT8, Shape.SCALAR);
    return new PeerModel(domain, opType)
        .input(x)
        .constant(one)
        .constant(zero)
        .constant(w)
        .constant(Tensor.scalar(CatalogKernel.SCALE))
        .constant(Tensor.allocate(DType.INT8, Shape.SCALAR))
        .constant(one)
        .constant(zero);
  }

  /**
   * Whether the memory-bound families compare these types: the peer has no half precision for all
   * of them, so that ours is compared with its single precision.
   */
  static boolean isComparable(DType dtype, DType peerDtype) {
    return dtype == DType.FLOAT || dtype == DType.INT8 || isHalf(dtype, peerDtype);
  }

  /** Whether half precision is compared with the peer's single precision. */
  static boolean isHalf(DType dtype, DType peerDtype) {
    return dtype == DType.FLOAT16 && peerDtype == DType.FLOAT;
  }
}
