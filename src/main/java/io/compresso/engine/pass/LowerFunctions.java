package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes functions of one dequantized value whose result is quantized, requantization among them,
 * tables of 256 bytes. The table is computed by the same operators.
 */
final class LowerFunctions extends DequantizedRewriting {
  private static final int MOST_FUNCTIONS = 8;

  private static final Set<String> UNARY =
      Set.of(
          "Abs",
          "Ceil",
          "Celu",
          "Clip",
          "Cos",
          "Elu",
          "Erf",
          "Exp",
          "Floor",
          "Gelu",
          "HardSigmoid",
          "HardSwish",
          "LeakyRelu",
          "Log",
          "Mish",
          "Neg",
          "QuickGelu",
          "Reciprocal",
          "Relu",
          "Round",
          "Selu",
          "Shrink",
          "Sigmoid",
          "Sign",
          "Sin",
          "Softplus",
          "Softsign",
          "Sqrt",
          "Swish",
          "Tan",
          "Tanh",
          "ThresholdedRelu");

  private static final Set<String> BINARY = Set.of("Add", "Sub", "Mul", "Div", "Pow", "PRelu");

  LowerFunctions() {
    super("QuantizeLinear", "com.microsoft:QuantizeLinear");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    Quantized output = Quantized.to(view, node);
    if (output == null) {
      return;
    }
    List<Node> chain = new ArrayList<>(List.of(node));
    String value = node.inputs().getFirst();
    Quantized input = Quantized.from(view, value);
    while (input == null) {
      Node function = view.producer(value);
      String before = function == null ? null : argument(view, function);
      if (function == null
          || before == null
          || chain.size() > MOST_FUNCTIONS
          || view.onlyReader(value) != chain.getFirst()) {
        return;
      }
      chain.addFirst(function);
      value = before;
      input = Quantized.from(view, value);
    }
    // Of a constant it is the table itself.
    if (!edit.free(chain) || view.constant(input.bytes()) != null) {
      return;
    }
    if (chain.size() == 1 && input.isLike(output) && !view.isOutput(output.bytes())) {
      edit.bypass(node, output.bytes(), input.bytes());
      return;
    }
    lower(chain, input, value, output, edit);
  }

  /** The value of which a node is a function, else null. */
  private static @Nullable String argument(GraphView view, Node node) {
    boolean known = node.domain().isEmpty() || node.domain().equals("com.microsoft");
    if (!known || node.outputs().size() != 1) {
      return null;
    }
    if (UNARY.contains(node.opType())) {
      for (int i = 1; i < node.inputs().size(); i++) {
        if (node.input(i) != null && view.constant(node.input(i)) == null) {
          return null;
        }
      }
      return node.input(0);
    }
    if (!BINARY.contains(node.opType()) || node.inputs().size() != 2) {
      return null;
    }
    for (int side = 0; side < 2; side++) {
      Tensor constant = view.constant(node.input(1 - side));
      // A constant of higher rank would give its rank to the result.
      if (constant != null
          && constant.size() == 1
          && constant.shape().rank() <= Math.max(0, view.rank(node.input(side)))) {
        return node.input(side);
      }
    }
    return null;
  }

  private static void lower(
      List<Node> chain, Quantized input, String argument, Quantized output, Edit edit) {
    List<Node> after = new ArrayList<>();
    String bytes = edit.constant(output.bytes() + "_bytes", allBytes(input.type()));
    List<String> converted = new ArrayList<>(input.node().inputs());
    converted.set(0, bytes);
    String real = edit.fresh(output.bytes() + "_reals");
    after.add(NodeBuilder.like(input.node()).name("").inputs(converted).outputs(real).build());
    String from = argument;
    for (Node function : chain) {
      String to = edit.fresh(output.bytes() + "_table");
      List<String> inputs = new ArrayList<>(function.inputs());
      String argumentName = from;
      String given = real;
      inputs.replaceAll(name -> name.equals(argumentName) ? given : name);
      after.add(NodeBuilder.like(function).name("").inputs(inputs).outputs(to).build());
      from = function.outputs().getFirst();
      real = to;
    }
    after.add(
        NodeBuilder.own("LookUp")
            .name(chain.getFirst().name())
            .inputs(input.bytes(), real)
            .outputs(output.bytes())
            .build());
    edit.replace(chain, after.toArray(Node[]::new));
  }

  private static Tensor allBytes(DType type) {
    Tensor bytes = Tensor.allocate(type, Shape.of(256));
    for (int i = 0; i < 256; i++) {
      bytes.segment().set(ValueLayout.JAVA_BYTE, i, (byte) i);
    }
    return bytes;
  }
}
