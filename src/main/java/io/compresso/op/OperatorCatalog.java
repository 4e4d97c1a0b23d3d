package io.compresso.op;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Every operator, one line each, in alphabetical order. */
public final class OperatorCatalog {
  private static final List<Operator> OPERATORS = List.of(new Relu());

  private static final Map<String, Operator> BY_NAME = new HashMap<>();

  static {
    for (Operator operator : OPERATORS) {
      BY_NAME.put(key(operator.domain(), operator.opType()), operator);
    }
  }

  private OperatorCatalog() {}

  /** All operators. */
  public static List<Operator> all() {
    return OPERATORS;
  }

  /** The operator that nodes of this domain and type mean. */
  public static Optional<Operator> find(String domain, String opType) {
    return Optional.ofNullable(BY_NAME.get(key(domain, opType)));
  }

  private static String key(String domain, String opType) {
    return domain + "::" + opType;
  }
}
