package io.compresso.engine.pass;

import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Writes the operators that ONNX Runtime's optimiser fuses as what they stand for, so that models
 * it has saved are compiled like any others.
 */
final class ExpandFusedOperators extends Rewriting {
  ExpandFusedOperators() {
    super(
        "com.microsoft:BiasGelu",
        "com.microsoft:FusedConv",
        "com.microsoft:FusedGemm",
        "com.microsoft:FusedMatMul",
        "com.microsoft:Gelu",
        "com.microsoft:QLinearConv",
        "com.microsoft:TransposeMatMul");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    if (node.outputs().size() != 1) {
      return;
    }
    switch (node.opType()) {
      case "FusedConv" -> conv(view, node, edit);
      case "FusedGemm" -> gemm(view, node, edit);
      case "FusedMatMul", "TransposeMatMul" -> matMul(view, node, edit);
      case "QLinearConv" -> quantizedConv(view, node, edit);
      case "BiasGelu" -> {
        List<Dim> x = view.dims(node.input(0));
        List<Dim> bias = view.dims(node.input(1));
        if (x == null || bias == null || x.isEmpty() || !bias.equals(List.of(x.getLast()))) {
          return;
        }
        String sum = edit.fresh(node.label() + "_sum");
        edit.replace(
            List.of(node),
            NodeBuilder.onnx("Add").inputs(node.inputs()).outputs(sum).build(),
            gelu(node).inputs(sum).build());
      }
      case "Gelu" -> edit.replace(List.of(node), gelu(node).inputs(node.inputs()).build());
      default -> {}
    }
  }

  private static NodeBuilder gelu(Node node) {
    return NodeBuilder.onnx("Gelu").name(node.name()).outputs(node.outputs());
  }

  private static void conv(GraphView view, Node node, Edit edit) {
    float[] given =
        node.attributes().get("activation_params") instanceof Attribute.Floats(List<Float> values)
            ? new float[] {
              values.isEmpty() ? 0 : values.getFirst(), values.size() < 2 ? 0 : values.get(1)
            }
            : new float[2];
    NodeBuilder conv =
        NodeBuilder.onnx("Conv")
            .name(node.name())
            .inputs(node.input(0), node.input(1), node.input(2))
            .attributes(node.attributes())
            .without("activation")
            .without("activation_params");
    replace(view, node, conv, node.input(3), given[0], given[1], edit);
  }

  private static void gemm(GraphView view, Node node, Edit edit) {
    boolean leaky = node.stringAttribute("activation", "").equals("LeakyRelu");
    float alpha = node.floatAttribute("activation_alpha", leaky ? 0.01f : 0);
    float beta = node.floatAttribute("activation_beta", 0);
    NodeBuilder gemm =
        NodeBuilder.onnx("Gemm")
            .name(node.name())
            .inputs(node.inputs())
            .attributes(node.attributes())
            .without("activation")
            .without("activation_alpha")
            .without("activation_beta")
            .without("activation_gamma");
    replace(view, node, gemm, null, alpha, beta, edit);
  }

  /** A product, the sum with another value, and the activation that the node names. */
  private static void replace(
      GraphView view,
      Node node,
      NodeBuilder product,
      @Nullable String added,
      float alpha,
      float beta,
      Edit edit) {
    String name = node.stringAttribute("activation", "");
    NodeBuilder activation = activation(view, node, name, alpha, beta, edit);
    if (activation == null && !name.isEmpty()) {
      return;
    }
    List<NodeBuilder> chain = new ArrayList<>(List.of(product));
    if (added != null) {
      chain.add(NodeBuilder.onnx("Add").inputs("", added));
    }
    if (activation != null) {
      chain.add(activation);
    }
    List<Node> after = new ArrayList<>();
    String last = "";
    for (NodeBuilder next : chain) {
      boolean ends = next == chain.getLast();
      String result = ends ? node.outputs().getFirst() : edit.fresh(node.label() + "_part");
      Node built = next.outputs(result).build();
      if (!after.isEmpty()) {
        List<String> inputs = new ArrayList<>(built.inputs());
        inputs.set(0, last);
        built = built.withInputs(inputs);
      }
      after.add(built);
      last = result;
    }
    edit.replace(List.of(node), after.toArray(Node[]::new));
  }

  /** The activation of what its first input will be; null for none, or one that is not known. */
  private static @Nullable NodeBuilder activation(
      GraphView view, Node node, String name, float alpha, float beta, Edit edit) {
    return switch (name) {
      case "Relu", "Sigmoid", "Tanh" -> NodeBuilder.onnx(name).inputs(List.of(""));
      case "LeakyRelu" -> NodeBuilder.onnx(name).inputs(List.of("")).with("alpha", alpha);
      case "HardSigmoid" ->
          NodeBuilder.onnx(name).inputs(List.of("")).with("alpha", alpha).with("beta", beta);
      case "Clip" -> {
        if (view.model().opset() < 11) {
          yield NodeBuilder.onnx(name).inputs(List.of("")).with("min", alpha).with("max", beta);
        }
        DType dtype = view.dtype(node.input(0));
        yield dtype == null || !dtype.isFloat()
            ? null
            : NodeBuilder.onnx(name)
                .inputs(
                    List.of(
                        "",
                        edit.constant(node.label() + "_min", scalar(dtype, alpha)),
                        edit.constant(node.label() + "_max", scalar(dtype, beta))));
      }
      default -> null;
    };
  }

  private static Tensor scalar(DType dtype, float value) {
    Tensor tensor = Tensor.allocate(dtype, Shape.SCALAR);
    tensor.setFloat(0, value);
    return tensor;
  }

  private static void matMul(GraphView view, Node node, Edit edit) {
    float alpha = node.floatAttribute("alpha", 1);
    DType dtype = view.dtype(node.input(0));
    if (dtype == null || view.rank(node.input(0)) < 2 || view.rank(node.input(1)) < 2) {
      return;
    }
    List<Node> after = new ArrayList<>();
    String a = operand(view, node, 0, "A", edit, after);
    String b = operand(view, node, 1, "B", edit, after);
    NodeBuilder product = NodeBuilder.onnx("MatMul").name(node.name()).inputs(a, b);
    if (alpha == 1) {
      after.add(product.outputs(node.outputs()).build());
    } else {
      String sums = edit.fresh(node.label() + "_product");
      after.add(product.outputs(sums).build());
      after.add(
          NodeBuilder.onnx("Mul")
              .inputs(sums, edit.constant(node.label() + "_alpha", scalar(dtype, alpha)))
              .outputs(node.outputs())
              .build());
    }
    edit.replace(List.of(node), after.toArray(Node[]::new));
  }

  /** An operand of a product, transposed as the node says. */
  private static String operand(
      GraphView view, Node node, int input, String operand, Edit edit, List<Node> after) {
    String value = node.inputs().get(input);
    int rank = view.rank(value);
    long[] perm = LongStream.range(0, rank).toArray();
    if (node.intAttribute("transBatch" + operand, 0) != 0) {
      for (int axis = 0; axis < rank - 1; axis++) {
        perm[axis] = axis == rank - 2 ? 0 : axis + 1;
      }
    }
    if (node.intAttribute("trans" + operand, 0) != 0) {
      long last = perm[rank - 1];
      perm[rank - 1] = perm[rank - 2];
      perm[rank - 2] = last;
    }
    return IntStream.range(0, rank).allMatch(axis -> perm[axis] == axis)
        ? value
        : transposed(value, perm, edit.fresh(value + "_transposed"), after);
  }

  private static String transposed(String value, long[] perm, String result, List<Node> after) {
    after.add(
        NodeBuilder.onnx("Transpose")
            .inputs(value)
            .outputs(result)
            .with("perm", Attribute.ints(perm))
            .build());
    return result;
  }

  /** Channels that are last are moved to where the standard operator has them, and back. */
  private static void quantizedConv(GraphView view, Node node, Edit edit) {
    boolean last = node.intAttribute("channels_last", 0) != 0;
    int rank = view.rank(node.input(0));
    if (last && rank < 3) {
      return;
    }
    NodeBuilder conv =
        NodeBuilder.onnx("QLinearConv")
            .name(node.name())
            .attributes(node.attributes())
            .without("channels_last");
    if (!last) {
      edit.replace(List.of(node), conv.inputs(node.inputs()).outputs(node.outputs()).build());
      return;
    }
    List<Node> after = new ArrayList<>();
    long[] first =
        LongStream.range(0, rank).map(i -> i == 1 ? rank - 1 : i - (i > 1 ? 1 : 0)).toArray();
    long[] back =
        LongStream.range(0, rank).map(i -> i == 0 ? 0 : i == rank - 1 ? 1 : i + 1).toArray();
    List<String> inputs = new ArrayList<>(node.inputs());
    inputs.set(
        0,
        transposed(
            inputs.getFirst(), first, edit.fresh(inputs.getFirst() + "_channels_first"), after));
    String y = edit.fresh(node.label() + "_channels_first");
    after.add(conv.inputs(inputs).outputs(y).build());
    transposed(y, back, node.outputs().getFirst(), after);
    edit.replace(List.of(node), after.toArray(Node[]::new));
  }
}
