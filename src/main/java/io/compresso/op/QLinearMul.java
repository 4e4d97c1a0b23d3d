package io.compresso.op;

import io.compresso.kernel.QuantizedBinaryProblem;

/** Product of quantized tensors to a quantized result. */
final class QLinearMul extends QLinearBinary {
  @Override
  public String opType() {
    return "QLinearMul";
  }

  @Override
  double apply(double a, double b) {
    return a * b;
  }

  @Override
  QuantizedBinaryProblem.Function function() {
    return QuantizedBinaryProblem.Function.MUL;
  }
}
