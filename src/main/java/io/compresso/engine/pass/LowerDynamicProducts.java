package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes products of dynamically quantized data and constant 8-bit weights one product to floats:
 * {@code MatMulInteger}, its conversion and its scale, and a bias if one is added; or ONNX
 * Runtime's {@code MatMulIntegerToFloat} and {@code DynamicQuantizeMatMul}.
 */
final class LowerDynamicProducts extends Rewriting {
  LowerDynamicProducts() {
    super(
        "MatMulInteger",
        "com.microsoft:DynamicQuantizeMatMul",
        "com.microsoft:MatMulIntegerToFloat");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    switch (node.opType()) {
      case "MatMulInteger" -> integers(view, node, edit);
      case "MatMulIntegerToFloat" ->
          lower(
              view,
              edit,
              List.of(node),
              new Operands(
                  node.input(0), node.input(1), node.input(2), node.input(4), node.input(5)),
              view.floats(node.input(3)),
              node.input(6));
      case "DynamicQuantizeMatMul" -> dynamic(view, node, edit);
      default -> {}
    }
  }

  private record Operands(
      @Nullable String x,
      @Nullable String w,
      @Nullable String xScale,
      @Nullable String xZeroPoint,
      @Nullable String wZeroPoint) {}

  private static void integers(GraphView view, Node node, Edit edit) {
    Node cast = view.onlyReader(node.output(0));
    if (cast == null || !cast.is("Cast") || cast.intAttribute("to", 0) != DType.FLOAT.code()) {
      return;
    }
    String value = cast.outputs().getFirst();
    Node scale = view.onlyReader(value);
    if (scale == null || !scale.is("Mul")) {
      return;
    }
    String factor = value.equals(scale.input(0)) ? scale.input(1) : scale.input(0);
    Node factors = view.producer(factor);
    if (factors == null || !factors.is("Mul")) {
      return;
    }
    for (int side = 0; side < 2; side++) {
      Tensor scales = view.floats(factors.input(1 - side));
      Shape xScale = view.shape(factors.input(side));
      if (scales == null || scales.shape().rank() > 1 || xScale == null || xScale.size() != 1) {
        continue;
      }
      // The factors may serve other products too: they are left to be dropped if not.
      lower(
          view,
          edit,
          List.of(node, cast, scale),
          new Operands(
              node.input(0), node.input(1), factors.input(side), node.input(2), node.input(3)),
          scales,
          null);
      return;
    }
  }

  private static void dynamic(GraphView view, Node node, Edit edit) {
    Tensor scales = view.floats(node.input(2));
    if (node.input(0) == null || !isWeights(view, node.input(1), scales, node.input(3))) {
      return;
    }
    String bytes = edit.fresh(node.label() + "_bytes");
    String scale = edit.fresh(node.label() + "_scale");
    String zero = edit.fresh(node.label() + "_zero_point");
    Node quantize =
        NodeBuilder.onnx("DynamicQuantizeLinear")
            .inputs(node.input(0))
            .outputs(bytes, scale, zero)
            .build();
    Node product =
        product(
                node,
                new Operands(bytes, node.input(1), scale, zero, node.input(3)),
                node.input(2),
                node.input(4))
            .outputs(node.outputs())
            .build();
    edit.replace(List.of(node), quantize, product);
  }

  private static void lower(
      GraphView view,
      Edit edit,
      List<Node> before,
      Operands operands,
      @Nullable Tensor scales,
      @Nullable String givenBias) {
    DType type = view.dtype(operands.x());
    if (type != DType.UINT8 && type != DType.INT8
        || scales == null
        || operands.xScale() == null
        || !isWeights(view, operands.w(), scales, operands.wZeroPoint())
        || givenBias != null && view.floats(givenBias) == null
        || !isOne(view, operands.xZeroPoint())
        || !edit.free(before)) {
      return;
    }
    Tensor flat = scales.reshape(Shape.of(scales.size()));
    String result = before.getLast().outputs().getFirst();
    edit.replace(
        before,
        product(
                before.getFirst(),
                operands,
                edit.constant(before.getFirst().label() + "_factors", flat),
                givenBias)
            .outputs(result)
            .build());
  }

  private static boolean isOne(GraphView view, @Nullable String value) {
    if (value == null) {
      return true;
    }
    Shape shape = view.shape(value);
    return shape != null && shape.size() == 1;
  }

  private static boolean isWeights(
      GraphView view, @Nullable String name, @Nullable Tensor scales, @Nullable String zeroPoint) {
    Tensor weights = view.constant(name);
    if (weights == null
        || scales == null
        || weights.shape().rank() != 2
        || weights.dtype() != DType.INT8 && weights.dtype() != DType.UINT8) {
      return false;
    }
    long n = weights.shape().dim(1);
    Tensor zeros = view.constant(zeroPoint);
    return (scales.size() == 1 || scales.size() == n)
        && (zeroPoint == null || zeros != null && (zeros.size() == 1 || zeros.size() == n));
  }

  private static NodeBuilder product(
      Node node, Operands operands, @Nullable String factors, @Nullable String bias) {
    return NodeBuilder.own("QuantizedMatMul")
        .name(node.name())
        .inputs(
            operands.x(),
            operands.w(),
            bias,
            null,
            factors,
            operands.wZeroPoint(),
            operands.xScale(),
            operands.xZeroPoint());
  }
}
