package io.compresso.engine.pass;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes nodes that give their input on, whatever it is, {@code Identity} nodes. */
final class RemoveNoOperations extends Rewriting {
  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    if (!node.domain().isEmpty() || node.outputs().size() != 1) {
      return;
    }
    String kept =
        switch (node.opType()) {
          case "Cast" -> isSameType(view, node) ? node.input(0) : null;
          case "Concat", "Sum", "Mean", "Max", "Min" ->
              node.inputs().size() == 1 ? node.input(0) : null;
          case "Pad" -> isAllZero(view, node) ? node.input(0) : null;
          case "Reshape", "Expand", "Tile", "Slice", "Flatten", "Squeeze", "Unsqueeze" ->
              isSameShape(view, node) ? node.input(0) : null;
          case "Mul" -> operand(view, node, 1, true);
          case "Div", "Pow" -> operand(view, node, 1, false);
          case "Add" -> operand(view, node, 0, true);
          case "Sub" -> operand(view, node, 0, false);
          default -> null;
        };
    if (kept != null) {
      edit.replace(
          List.of(node),
          NodeBuilder.onnx("Identity")
              .name(node.name())
              .inputs(kept)
              .outputs(node.outputs())
              .build());
    }
  }

  private static boolean isSameType(GraphView view, Node node) {
    DType type = view.dtype(node.input(0));
    return type != null && type.code() == node.intAttribute("to", 0);
  }

  private static boolean isAllZero(GraphView view, Node node) {
    Tensor pads = view.constant(node.input(1));
    long[] values = pads != null ? pads.toLongs() : node.intsAttribute("pads");
    return values != null
        && (node.input(1) == null || pads != null)
        && Arrays.stream(values).allMatch(value -> value == 0);
  }

  /** Whether it is known that the result has the input's shape; then no element is moved either. */
  private static boolean isSameShape(GraphView view, Node node) {
    if (node.is("Slice") && !isForward(view, node)) {
      return false;
    }
    List<Dim> from = view.dims(node.input(0));
    List<Dim> to = view.dims(node.output(0));
    if (from == null || !from.equals(to)) {
      return false;
    }
    // A size that one run's element decides may differ from what a symbol says.
    boolean exact = from.stream().allMatch(Dim.Fixed.class::isInstance);
    long free = from.stream().filter(dim -> !(dim instanceof Dim.Fixed)).count();
    return exact
        || node.is("Reshape")
            && free == 1
            && from.stream().noneMatch(dim -> dim instanceof Dim.Unknown);
  }

  private static boolean isForward(GraphView view, Node node) {
    if (node.input(1) == null) {
      return true;
    }
    Tensor steps = view.constant(node.input(4));
    return node.input(4) == null
        || steps != null && Arrays.stream(steps.toLongs()).allMatch(step -> step > 0);
  }

  /** The other operand of a neutral constant that changes neither type nor shape; else null. */
  private static @Nullable String operand(
      GraphView view, Node node, double neutral, boolean commutes) {
    for (int side = 0; side < (commutes ? 2 : 1); side++) {
      String kept = node.input(side);
      Tensor constant = view.constant(node.input(1 - side));
      if (kept == null
          || constant == null
          || constant.size() == 0
          || !(constant.dtype().isFloat() || constant.dtype().isInteger())
          || constant.dtype() != view.dtype(kept)
          || !keepsShape(view, kept, constant.shape())) {
        continue;
      }
      boolean all = true;
      for (long i = 0; all && i < constant.size(); i++) {
        all = constant.getDouble(i) == neutral;
      }
      if (all) {
        return kept;
      }
    }
    return null;
  }

  private static boolean keepsShape(GraphView view, String kept, Shape constant) {
    int rank = view.rank(kept);
    if (rank < 0 || constant.rank() > rank) {
      return false;
    }
    List<Dim> dims = view.dims(kept);
    for (int axis = 1; axis <= constant.rank(); axis++) {
      Long size = dims == null ? null : dims.get(rank - axis).sizeOrNull();
      if (constant.dim(-axis) != 1 && (size == null || size != constant.dim(-axis))) {
        return false;
      }
    }
    return true;
  }
}
