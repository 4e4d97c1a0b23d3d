package io.compresso.op;

import java.util.List;

/** An operator of ONNX Runtime's own set {@code com.microsoft}. */
abstract class MicrosoftOperator implements Operator {
  @Override
  public String domain() {
    return "com.microsoft";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1);
  }
}
