package io.compresso.op;

/** An operator of ONNX's classic machine learning set {@code ai.onnx.ml}. */
abstract class MlOperator implements Operator {
  @Override
  public String domain() {
    return "ai.onnx.ml";
  }
}
