package io.compresso.op;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

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

  /**
   * The node made ready for inputs of fixed types and shapes, or null where the reference has to
   * do. Need not check the inputs against one another: what the shape rule refuses never comes
   * here, and whatever is thrown here leaves the node to the reference.
   */
  default @Nullable Lowered lower(LoweringContext context) {
    return null;
  }

  /** How the operator takes part in a quantized graph. */
  default Optional<QuantRule> quantRule() {
    return Optional.empty();
  }
}
