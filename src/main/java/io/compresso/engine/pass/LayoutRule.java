package io.compresso.engine.pass;

import io.compresso.graph.Attribute;
import io.compresso.graph.Node;
import io.compresso.op.OperatorCatalog;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** How nodes compute the same on data with the channels last. */
final class LayoutRule {
  private static final Set<String> UNARY =
      Set.of(
          "Abs",
          "Cast",
          "Ceil",
          "Celu",
          "Clip",
          "Elu",
          "Erf",
          "Exp",
          "Floor",
          "Gelu",
          "HardSigmoid",
          "HardSwish",
          "Identity",
          "LeakyRelu",
          "Log",
          "LookUp",
          "Mish",
          "Neg",
          "Not",
          "QuickGelu",
          "Reciprocal",
          "Relu",
          "Round",
          "Selu",
          "Shrink",
          "Sigmoid",
          "Sign",
          "Softplus",
          "Softsign",
          "Sqrt",
          "Swish",
          "Tanh",
          "ThresholdedRelu");

  private static final Set<String> BROADCASTING =
      Set.of(
          "Add",
          "And",
          "Div",
          "Equal",
          "Greater",
          "GreaterOrEqual",
          "Less",
          "LessOrEqual",
          "Max",
          "Mean",
          "Min",
          "Mul",
          "Or",
          "PRelu",
          "Pow",
          "Sub",
          "Sum",
          "Where",
          "Xor");

  private static final Set<String> REDUCTIONS =
      Set.of(
          "ReduceL1",
          "ReduceL2",
          "ReduceMax",
          "ReduceMean",
          "ReduceMin",
          "ReduceProd",
          "ReduceSum",
          "ReduceSumSquare");

  /** The node with the channels last, its constants in the same order. */
  @FunctionalInterface
  interface Change {
    Node apply(Node node, Rewriting.Edit edit);
  }

  /**
   * What becomes of a node.
   *
   * @param data the inputs that must have their channels last
   * @param follows whether the outputs have their channels last
   */
  record Move(int rank, int[] data, boolean follows, Change change) {
    boolean reads(int input) {
      return Arrays.stream(data).anyMatch(each -> each == input);
    }
  }

  private final GraphView view;

  LayoutRule(GraphView view) {
    this.view = view;
  }

  /** What becomes of a node when it follows its input; null if it cannot. */
  @Nullable Move of(Node node) {
    int rank = view.rank(node.input(0));
    boolean own = node.domain().equals(OperatorCatalog.INTERNAL);
    boolean microsoft = node.domain().equals("com.microsoft");
    if (!own && !microsoft && !node.domain().isEmpty()) {
      return null;
    }
    String type = node.opType();
    if (node.is("Where")) {
      rank = view.rank(node.output(0));
    }
    if (rank < 3 && BROADCASTING.contains(type) && node.domain().isEmpty()) {
      rank = view.rank(node.output(0));
    }
    if (rank < 3 || rank > 5) {
      return null;
    }
    ChannelOrder order = new ChannelOrder(rank);
    if (own && (type.equals("Conv") || type.equals("QuantizedConv"))) {
      return new Move(
          rank,
          node.input(3) == null ? new int[] {0} : new int[] {0, 3},
          true,
          (n, _) -> n.withAttribute("layout", Attribute.of("NHWC")));
    }
    if (own
        && (type.equals("Pool") || type.equals("ChannelShuffle") || type.equals("PixelShuffle"))) {
      return first(rank, (n, _) -> n.withAttribute("layout", Attribute.of("NHWC")));
    }
    if (UNARY.contains(type)) {
      return first(rank, (n, _) -> n);
    }
    if (microsoft && (type.equals("QLinearAdd") || type.equals("QLinearMul"))) {
      return broadcasting(node, order, 0, 3);
    }
    if (type.equals("QuantizeLinear") || type.equals("DequantizeLinear")) {
      return conversion(node, order);
    }
    if (!node.domain().isEmpty()) {
      return null;
    }
    if (BROADCASTING.contains(type)) {
      return broadcasting(node, order, IntStream.range(0, node.inputs().size()).toArray());
    }
    if (REDUCTIONS.contains(type)) {
      return reduction(node, order);
    }
    return switch (type) {
      case "Concat" -> alongAxis(order, IntStream.range(0, node.inputs().size()).toArray(), null);
      case "Split" -> alongAxis(order, new int[] {0}, 0L);
      case "Softmax", "LogSoftmax" ->
          view.model().opset() >= 13 ? alongAxis(order, new int[] {0}, -1L) : null;
      case "Pad" -> pad(node, order);
      case "Slice" -> slice(node, order);
      case "Resize" -> resize(node, order);
      default -> null;
    };
  }

  private static Move first(int rank, Change change) {
    return new Move(rank, new int[] {0}, true, change);
  }

  private static Move alongAxis(ChannelOrder order, int[] data, @Nullable Long otherwise) {
    return new Move(
        order.rank(),
        data,
        true,
        (n, _) ->
            n.withAttribute(
                "axis",
                Attribute.of(
                    order.last(n.intAttribute("axis", otherwise == null ? 1 : otherwise)))));
  }

  private @Nullable Move conversion(Node node, ChannelOrder order) {
    Shape scale = view.shape(node.input(1));
    if (scale == null || node.intAttribute("block_size", 0) != 0 || scale.rank() > 1) {
      return null;
    }
    if (scale.size() == 1) {
      return first(order.rank(), (n, _) -> n);
    }
    return alongAxis(order, new int[] {0}, 1L);
  }

  /** Constants are laid anew; others must have all axes. */
  private @Nullable Move broadcasting(Node node, ChannelOrder order, int... operands) {
    List<Integer> data = new ArrayList<>();
    for (int operand : operands) {
      String name = node.input(operand);
      int rank = view.rank(name);
      if (name == null || rank < 0 || rank > order.rank()) {
        return null;
      }
      if (rank == order.rank() && view.constant(name) == null) {
        data.add(operand);
      } else if (rank > 0 && view.constant(name) == null && !isOne(view.shape(name))) {
        return null;
      }
    }
    return new Move(
        order.rank(),
        data.stream().mapToInt(Integer::intValue).toArray(),
        true,
        (n, edit) -> {
          List<String> inputs = new ArrayList<>(n.inputs());
          for (int operand : operands) {
            Tensor constant = view.constant(n.input(operand));
            if (constant != null && !isOne(constant.shape())) {
              inputs.set(
                  operand, edit.constant(inputs.get(operand) + "_last", order.relaid(constant)));
            }
          }
          return n.withInputs(inputs);
        });
  }

  /** One element, of as many axes as the data or fewer. */
  private static boolean isOne(@Nullable Shape shape) {
    return shape != null && shape.size() == 1;
  }

  private @Nullable Move reduction(Node node, ChannelOrder order) {
    Tensor given = view.constant(node.input(1));
    if (node.input(1) != null && (given == null || given.dtype() != DType.INT64)) {
      return null;
    }
    long[] axes = given != null ? given.toLongs() : node.intsAttribute("axes");
    if (axes == null || axes.length == 0) {
      return null;
    }
    boolean keeps = node.intAttribute("keepdims", 1) != 0;
    if (!keeps) {
      // What is left must come in the same order: no axis of space, or not the channels.
      boolean channels = Arrays.stream(axes).anyMatch(axis -> order.last(axis) == order.rank() - 1);
      long spatial =
          Arrays.stream(axes)
              .map(order::last)
              .filter(axis -> axis > 0 && axis < order.rank() - 1)
              .count();
      if (!channels && spatial != order.rank() - 2) {
        return null;
      }
    }
    long[] moved = Arrays.stream(axes).map(order::last).sorted().toArray();
    return new Move(
        order.rank(),
        new int[] {0},
        keeps,
        (n, edit) -> {
          if (given == null) {
            return n.withAttribute("axes", Attribute.ints(moved));
          }
          List<String> inputs = new ArrayList<>(n.inputs());
          inputs.set(
              1, edit.constant(inputs.get(1), Tensor.ofLongs(Shape.of(moved.length), moved)));
          return n.withInputs(inputs);
        });
  }

  private @Nullable Move pad(Node node, ChannelOrder order) {
    Tensor pads = view.constant(node.input(1));
    if (pads == null || pads.size() != 2L * order.rank() || node.input(3) != null) {
      return null;
    }
    return withConstant(order, 1, order.reordered(pads, 2));
  }

  private @Nullable Move slice(Node node, ChannelOrder order) {
    Tensor axes = view.constant(node.input(3));
    if (axes == null) {
      return null;
    }
    Tensor moved = Tensor.allocate(axes.dtype(), axes.shape());
    for (long i = 0; i < axes.size(); i++) {
      moved.setLong(i, order.last(axes.getLong(i)));
    }
    return withConstant(order, 3, moved);
  }

  private @Nullable Move resize(Node node, ChannelOrder order) {
    if (view.model().opset() < 11
        || node.input(1) != null && !isEmpty(view.constant(node.input(1)))
        || node.attributes().containsKey("axes")) {
      return null;
    }
    int input = node.input(3) != null ? 3 : 2;
    Tensor sizes = view.constant(node.input(input));
    return sizes == null || sizes.size() != order.rank()
        ? null
        : withConstant(order, input, order.reordered(sizes, 1));
  }

  private static boolean isEmpty(@Nullable Tensor tensor) {
    return tensor != null && tensor.size() == 0;
  }

  private static Move withConstant(ChannelOrder order, int input, Tensor value) {
    return first(
        order.rank(),
        (n, edit) -> {
          List<String> inputs = new ArrayList<>(n.inputs());
          inputs.set(input, edit.constant(inputs.get(input), value));
          return n.withInputs(inputs);
        });
  }
}
