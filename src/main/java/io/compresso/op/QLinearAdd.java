package io.compresso.op;

import io.compresso.kernel.QuantizedBinaryProblem;

/** Sum of quantized tensors to a quantized result. */
final class QLinearAdd extends QLinearBinary {
  @Override
  public String opType() {
    return "QLinearAdd";
  }

  @Override
  double apply(double a, double b) {
    return a + b;
  }

  @Override
  QuantizedBinaryProblem.Function function() {
    return QuantizedBinaryProblem.Function.ADD;
  }
}
