package io.compresso.op;

import java.util.Arrays;
import java.util.List;

/** An operator of ONNX's own operator set. */
abstract class StandardOperator implements Operator {
  private final String opType;
  private final List<Integer> versions;

  StandardOperator(String opType, int... versions) {
    this.opType = opType;
    this.versions = Arrays.stream(versions).boxed().toList();
  }

  @Override
  public final String opType() {
    return opType;
  }

  @Override
  public final List<Integer> versions() {
    return versions;
  }
}
