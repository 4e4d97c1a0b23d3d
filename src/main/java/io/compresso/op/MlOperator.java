package io.compresso.op;

import java.util.List;

/** An operator of ONNX's classic machine learning set {@code ai.onnx.ml}. */
abstract class MlOperator implements Operator {
  @Override
  public String domain() {
    return "ai.onnx.ml";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1);
  }
}
