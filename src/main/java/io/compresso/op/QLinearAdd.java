package io.compresso.op;

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
}
