package io.compresso.op;

import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import org.jspecify.annotations.Nullable;

/** Reads element types from attributes. */
final class ElementTypes {
  private ElementTypes() {}

  /**
   * The element type that the attribute names, {@code otherwise} when it is absent.
   *
   * @throws GraphException if it names none
   */
  static DType of(Node node, String attribute, DType otherwise) {
    DType dtype = orNull(node, attribute);
    return dtype == null ? otherwise : dtype;
  }

  /**
   * The element type that the attribute names.
   *
   * @throws GraphException if it names none or is absent
   */
  static DType required(Node node, String attribute) {
    DType dtype = orNull(node, attribute);
    if (dtype == null) {
      throw new GraphException(node, "attribute '" + attribute + "' is missing");
    }
    return dtype;
  }

  /**
   * The element type that the attribute names, null when it is absent.
   *
   * @throws GraphException if it names none
   */
  static @Nullable DType orNull(Node node, String attribute) {
    if (!node.attributes().containsKey(attribute)) {
      return null;
    }
    long code = node.intAttribute(attribute, 0);
    try {
      return DType.ofCode(Math.toIntExact(code));
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new GraphException(
          node, "attribute '" + attribute + "' is " + code + ", no element type", e);
    }
  }
}
