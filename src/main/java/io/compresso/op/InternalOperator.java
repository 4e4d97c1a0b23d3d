package io.compresso.op;

import java.util.List;

/** An operator that only compiled graphs hold. */
abstract class InternalOperator implements Operator {
  @Override
  public final String domain() {
    return OperatorCatalog.INTERNAL;
  }

  @Override
  public final List<Integer> versions() {
    return List.of(1);
  }
}
