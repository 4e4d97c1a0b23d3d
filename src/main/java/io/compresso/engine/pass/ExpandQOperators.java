package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes operators of quantized operands ({@code QLinearConv} and the like) as the float operators
 * between dequantization and quantization that they stand for, so that both kinds of quantized
 * graphs are lowered in one way.
 */
final class ExpandQOperators extends Rewriting {
  ExpandQOperators() {
    super("QLinearConv", "QLinearMatMul", "com.microsoft:QLinearAdd", "com.microsoft:QLinearMul");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    boolean product = node.is("QLinearConv") || node.is("QLinearMatMul");
    if (!isUniform(view, node, 1, false)
        || !isUniform(view, node, 4, product)
        || !isUniform(view, node, 6, false)) {
      return;
    }
    switch (node.opType()) {
      case "QLinearConv" -> conv(view, node, edit);
      case "QLinearMatMul" -> expand(node, edit, "MatMul", 0, 3, 6, new long[] {0, 1});
      case "QLinearAdd" -> expand(node, edit, "Add", 0, 3, 6, new long[] {0, 0});
      case "QLinearMul" -> expand(node, edit, "Mul", 0, 3, 6, new long[] {0, 0});
      default -> {}
    }
  }

  /**
   * Whether an operand has one scale and one zero point, or as many of both where it may have one a
   * channel; the float operators take nothing else.
   */
  private static boolean isUniform(GraphView view, Node node, int scale, boolean channels) {
    Shape scales = view.shape(node.input(scale));
    Shape zeroPoints = view.shape(node.input(scale + 1));
    return scales == null
        || (scales.size() == 1 || channels && scales.rank() == 1)
            && (zeroPoints == null || scales.size() == zeroPoints.size());
  }

  private static void conv(GraphView view, Node node, Edit edit) {
    if (node.inputs().size() < 8) {
      return;
    }
    List<Node> after = new ArrayList<>();
    String x = dequantize(node, 0, 0, edit, after);
    String w = dequantize(node, 3, 0, edit, after);
    String bias = null;
    if (node.input(8) != null) {
      // The bias counts in steps of sx * sw; its scale has to be known now.
      float[] scales = FloatConstant.of(view, node.input(4));
      Float scale = view.scalar(node.input(1));
      if (scales == null || scale == null) {
        return;
      }
      float[] product = new float[scales.length];
      for (int i = 0; i < product.length; i++) {
        product[i] = scale * scales[i];
      }
      String name =
          edit.constant(
              node.label() + "_bias_scale",
              Tensor.ofFloats(
                  product.length == 1 ? Shape.SCALAR : Shape.of(product.length), product));
      bias = edit.fresh(node.label() + "_bias");
      after.add(
          NodeBuilder.onnx("DequantizeLinear")
              .inputs(node.input(8), name)
              .outputs(bias)
              .with("axis", 0)
              .build());
    }
    String y = edit.fresh(node.label() + "_sum");
    after.add(
        NodeBuilder.onnx("Conv")
            .name(node.name())
            .inputs(x, w, bias)
            .outputs(y)
            .attributes(node.attributes())
            .build());
    quantize(node, y, 6, after);
    edit.replace(List.of(node), after.toArray(Node[]::new));
  }

  private static void expand(
      Node node, Edit edit, String opType, int left, int right, int output, long[] axes) {
    if (node.inputs().size() <= output) {
      return;
    }
    List<Node> after = new ArrayList<>();
    String a = dequantize(node, left, axes[0], edit, after);
    String b = dequantize(node, right, axes[1], edit, after);
    String y = edit.fresh(node.label() + "_real");
    after.add(NodeBuilder.onnx(opType).name(node.name()).inputs(a, b).outputs(y).build());
    quantize(node, y, output, after);
    edit.replace(List.of(node), after.toArray(Node[]::new));
  }

  private static String dequantize(Node node, int input, long axis, Edit edit, List<Node> after) {
    String real = edit.fresh(node.inputs().get(input) + "_real");
    after.add(
        NodeBuilder.onnx("DequantizeLinear")
            .inputs(node.input(input), node.input(input + 1), node.input(input + 2))
            .outputs(real)
            .with("axis", axis)
            .build());
    return real;
  }

  private static void quantize(Node node, String real, int scale, List<Node> after) {
    after.add(
        NodeBuilder.onnx("QuantizeLinear")
            .inputs(real, node.input(scale), node.input(scale + 1))
            .outputs(node.outputs())
            .build());
  }
}
