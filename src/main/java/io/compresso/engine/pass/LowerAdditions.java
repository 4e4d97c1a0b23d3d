package io.compresso.engine.pass;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.op.OperatorCatalog;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes additions and multiplications of two dequantized values whose result is quantized ones of
 * integers. An addition goes into the epilogue of the product that alone computes one side.
 */
final class LowerAdditions extends DequantizedRewriting {
  private static final int RESIDUAL = 3;

  LowerAdditions() {
    super("Add", "Mul");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    if (node.inputs().size() != 2) {
      return;
    }
    Quantized left = Quantized.from(view, node.input(0));
    Quantized right = Quantized.from(view, node.input(1));
    Requantization after = Requantization.after(view, node.output(0));
    if (left == null
        || right == null
        || after == null
        || left.type() != right.type()
        || left.type() != after.output().type()) {
      return;
    }
    if (node.is("Add")
        && (fuse(view, node, right, left, after, edit)
            || fuse(view, node, left, right, after, edit))) {
      return;
    }
    lower(node, left, right, after, edit);
  }

  /** Puts the addition into the product that computes {@code sum}. */
  private static boolean fuse(
      GraphView view, Node node, Quantized sum, Quantized other, Requantization after, Edit edit) {
    Node product = view.producer(sum.bytes());
    if (product == null
        || !isByteProduct(product)
        || view.onlyReader(sum.bytes()) != sum.node()
        || view.onlyReader(sum.node().output(0)) != node
        || !isSameShape(view.dims(sum.bytes()), view.dims(other.bytes()))) {
      return false;
    }
    float scale = after.output().scale();
    List<String> inputs = new ArrayList<>(product.inputs());
    inputs.set(RESIDUAL, other.bytes());
    List<Node> before = new ArrayList<>(List.of(product, sum.node(), node));
    before.addAll(after.nodes());
    NodeBuilder fused =
        NodeBuilder.like(product)
            .inputs(inputs)
            .with("residual", "added_to_quantized")
            .with("sum_scale", sum.scale() / scale)
            .with("sum_zero_point", sum.zeroPoint())
            .with("residual_scale", other.scale() / scale)
            .with("residual_zero_point", other.zeroPoint());
    return edit.replace(before, after.describe(fused).build());
  }

  private static boolean isByteProduct(Node node) {
    return node.domain().equals(OperatorCatalog.INTERNAL)
        && (node.opType().equals("QuantizedConv") || node.opType().equals("QuantizedMatMul"))
        && node.intAttribute("y_type", DType.FLOAT.code()) != DType.FLOAT.code()
        && node.input(RESIDUAL) == null
        && !node.attributes().containsKey("low")
        && !node.attributes().containsKey("high");
  }

  private static boolean isSameShape(@Nullable List<Dim> a, @Nullable List<Dim> b) {
    return a != null && a.equals(b) && a.stream().noneMatch(dim -> dim instanceof Dim.Unknown);
  }

  private static void lower(
      Node node, Quantized left, Quantized right, Requantization after, Edit edit) {
    List<Node> before = new ArrayList<>(List.of(node));
    before.addAll(after.nodes());
    if (!edit.free(before)) {
      return;
    }
    Quantized output = after.output();
    boolean clips = !after.isAbsorbed();
    String result = clips ? edit.fresh(output.bytes() + "_unclipped") : output.bytes();
    List<String> inputs = new ArrayList<>();
    for (Quantized side : List.of(left, right)) {
      inputs.add(side.bytes());
      inputs.addAll(constants(side, edit));
    }
    inputs.addAll(constants(output, edit));
    Node lowered =
        NodeBuilder.microsoft(node.is("Add") ? "QLinearAdd" : "QLinearMul")
            .name(node.name())
            .inputs(inputs)
            .outputs(result)
            .build();
    if (!clips) {
      edit.replace(before, lowered);
      return;
    }
    Node clip =
        NodeBuilder.own("LookUp")
            .inputs(result, edit.constant(output.bytes() + "_table", clipTable(after)))
            .outputs(output.bytes())
            .build();
    edit.replace(before, lowered, clip);
  }

  /** The names of a quantization's scale and zero point. */
  static List<String> constants(Quantized quantized, Edit edit) {
    String scale = quantized.node().inputs().get(1);
    String zeroPoint = quantized.node().input(2);
    if (zeroPoint == null) {
      zeroPoint =
          edit.constant(scale + "_zero_point", Tensor.allocate(quantized.type(), Shape.SCALAR));
    }
    return List.of(scale, zeroPoint);
  }

  private static Tensor clipTable(Requantization after) {
    DType type = after.output().type();
    Tensor table = Tensor.allocate(type, Shape.of(256));
    for (int i = 0; i < 256; i++) {
      int value = type == DType.INT8 ? (byte) i : i;
      int clipped = Math.max(after.low(), Math.min(after.high(), value));
      table.segment().set(ValueLayout.JAVA_BYTE, i, (byte) clipped);
    }
    return table;
  }
}
