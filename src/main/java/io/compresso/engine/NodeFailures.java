package io.compresso.engine;

import io.compresso.graph.Attribute;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.kernel.NoKernelException;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node says that failed on its operands without saying why: the operands and attributes to
 * blame, and what to do.
 */
final class NodeFailures {
  /** Integer operands that may hold sizes have at most so many elements. */
  private static final int MOST_SIZES = 64;

  private NodeFailures() {}

  /**
   * The failure, told by what the node was given.
   *
   * @param inputs the node's, null where omitted
   */
  static GraphException of(Node node, Throwable cause, List<? extends @Nullable Value> inputs) {
    String given = operands(node, inputs);
    String message =
        switch (cause) {
          case NoKernelException _ ->
              "its operands do not go together, "
                  + given
                  + ": give them one float type, or 8-bit integers where the operator multiplies"
                  + " those, with a Cast before the node";
          case ArithmeticException _ -> {
            List<String> large = large(node, inputs);
            yield (large.isEmpty() ? "sizes" : String.join(" and ", large))
                + " too large to be computed ("
                + cause.getMessage()
                + ")"
                + (inputs.isEmpty() ? "" : "; its operands are " + given);
          }
          case NegativeArraySizeException _ ->
              "sizes too large to be computed; its operands are " + given;
          case OutOfMemoryError _ -> "out of memory; its operands are " + given;
          default -> cause.getMessage() + "; its operands are " + given;
        };
    return new GraphException(node, message, cause);
  }

  private static String operands(Node node, List<? extends @Nullable Value> inputs) {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      if (inputs.get(i) instanceof Value value) {
        all.add("input %d '%s' %s".formatted(i, node.inputs().get(i), described(value)));
      }
    }
    return all.isEmpty() ? "none" : String.join(", ", all);
  }

  private static String described(Value value) {
    return value instanceof Tensor tensor ? tensor.toString() : value.getClass().getSimpleName();
  }

  /** The attributes and operands that hold integers of more than 31 bits. */
  private static List<String> large(Node node, List<? extends @Nullable Value> inputs) {
    List<String> all = new ArrayList<>();
    node.attributes()
        .forEach((name, attribute) -> {
          List<Long> values =
              switch (attribute) {
                case Attribute.IntValue(long value) -> List.of(value);
                case Attribute.Ints(List<Long> list) -> list;
                default -> List.of();
              };
          values.stream()
              .filter(NodeFailures::isLarge)
              .findFirst()
              .ifPresent(value -> all.add("attribute '" + name + "' with " + value));
        });
    for (int i = 0; i < inputs.size(); i++) {
      if (inputs.get(i) instanceof Tensor tensor
          && tensor.dtype() == DType.INT64
          && tensor.size() <= MOST_SIZES) {
        for (long value : tensor.toLongs()) {
          if (isLarge(value)) {
            all.add("input %d '%s' with %d".formatted(i, node.inputs().get(i), value));
            break;
          }
        }
      }
    }
    return all;
  }

  private static boolean isLarge(long value) {
    return (int) value != value;
  }
}
