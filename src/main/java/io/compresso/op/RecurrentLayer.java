package io.compresso.op;

import io.compresso.graph.Attribute;
import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The sizes and functions of a recurrent node of floats that kernels can compute: whole sequences,
 * steps first, without clip, peepholes or coupled gates.
 *
 * @param gates how many gates are stacked in the weights
 * @param reverse by direction, whether the last step comes first
 * @param functions by direction, the activations
 */
record RecurrentLayer(
    int gates,
    int steps,
    int batch,
    int inputs,
    int hidden,
    List<Boolean> reverse,
    List<List<UnaryFunction>> functions) {
  /**
   * The layer of a node, or null when it is of another kind.
   *
   * @param gates how many gates are stacked in the weights
   * @param functions how many activations one direction has
   * @param hidden the size of the state
   */
  static @Nullable RecurrentLayer of(
      LoweringContext context, int gates, int functions, int hidden) {
    Node node = context.node();
    TensorSpec x = context.input(0);
    boolean plain =
        x.dtype() == DType.FLOAT
            && node.intAttribute("layout", 0) == 0
            && node.floatAttribute("clip", 0) == 0
            && node.intAttribute("input_forget", 0) == 0
            && context.inputOrNull(7) == null
            && isWhole(context, x.shape());
    String direction = node.stringAttribute("direction", "forward").toLowerCase(Locale.ROOT);
    List<Boolean> reverse =
        switch (direction) {
          case "forward" -> List.of(false);
          case "reverse" -> List.of(true);
          case "bidirectional" -> List.of(false, true);
          default -> List.of();
        };
    List<List<UnaryFunction>> named = functions(node, functions, reverse.size());
    if (!plain || reverse.isEmpty() || named == null || x.shape().size() == 0) {
      return null;
    }
    return new RecurrentLayer(
        gates,
        Math.toIntExact(x.shape().dim(0)),
        Math.toIntExact(x.shape().dim(1)),
        Math.toIntExact(x.shape().dim(2)),
        hidden,
        reverse,
        named);
  }

  private static boolean isWhole(LoweringContext context, Shape x) {
    if (context.inputOrNull(4) == null) {
      return true;
    }
    Tensor lengths = context.constant(4);
    if (lengths == null) {
      return false;
    }
    for (long length : lengths.toLongs()) {
      if (length != x.dim(0)) {
        return false;
      }
    }
    return true;
  }

  private static @Nullable List<List<UnaryFunction>> functions(
      Node node, int count, int directions) {
    List<UnaryFunction> usual = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      usual.add(i == 0 && count > 1 ? UnaryFunction.SIGMOID : UnaryFunction.TANH);
    }
    List<List<UnaryFunction>> result = new ArrayList<>();
    if (!(node.attributes().get("activations") instanceof Attribute.Strings(var names))) {
      for (int d = 0; d < directions; d++) {
        result.add(usual);
      }
      return result;
    }
    if (names.size() != count * directions) {
      return null;
    }
    List<UnaryFunction> all = new ArrayList<>();
    for (byte[] name : names) {
      switch (new String(name, StandardCharsets.UTF_8).toLowerCase(Locale.ROOT)) {
        case "sigmoid" -> all.add(UnaryFunction.SIGMOID);
        case "tanh" -> all.add(UnaryFunction.TANH);
        case "relu" -> all.add(UnaryFunction.RELU);
        default -> {
          return null;
        }
      }
    }
    for (int d = 0; d < directions; d++) {
      result.add(List.copyOf(all.subList(d * count, (d + 1) * count)));
    }
    return result;
  }

  int directions() {
    return reverse.size();
  }

  /** Columns of all gates. */
  int width() {
    return gates * hidden;
  }

  /** Rows of all steps. */
  int rows() {
    return Math.multiplyExact(steps, batch);
  }

  /** Bytes of one state of all sequences. */
  long stateBytes() {
    return 4L * batch * hidden;
  }

  /** Bytes of the gates of all sequences at one step. */
  long gateBytes() {
    return 4L * batch * width();
  }

  /** The step that direction {@code d} takes at its {@code i}-th turn. */
  int step(int d, int i) {
    return reverse.get(d) ? steps - 1 - i : i;
  }
}
