package io.compresso.op;

import java.util.List;
import java.util.Optional;

/**
 * What is known of one operator; a facet that is missing is empty. One file per operator, listed in
 * {@link OperatorCatalog}.
 */
public interface Operator {
  /** The operator set's domain, empty for ONNX's own. */
  default String domain() {
    return "";
  }

  /** The name that nodes give in {@code op_type}. */
  String opType();

  /** The operator-set versions in which the operator's schema appeared or changed, ascending. */
  List<Integer> versions();

  /** The types of the outputs from those of the inputs. */
  ShapeRule shapeRule();

  /** The meaning, computed. */
  default Optional<Reference> reference() {
    return Optional.empty();
  }

  /** How the operator takes part in a quantized graph. */
  default Optional<QuantRule> quantRule() {
    return Optional.empty();
  }
}
