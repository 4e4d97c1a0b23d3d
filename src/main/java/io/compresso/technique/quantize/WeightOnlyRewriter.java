package io.compresso.technique.quantize;

import io.compresso.engine.Passes;
import io.compresso.engine.UpgradeOpset;
import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.technique.quantize.QuantizeParams.Format;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Writes a graph whose weights are integers: DequantizeLinear before the operator (in blocks from
 * operator set 21 on), or ONNX Runtime's MatMulNBits. Tables are looked up as integers and scaled.
 */
final class WeightOnlyRewriter {
  /** The first operator set with 4-bit integers and blocks. */
  private static final int BLOCK_OPSET = 21;

  private final Model model;
  private final Map<Node, BlockWeights> weights;
  private final boolean packed;
  private final Predicate<Node> chosen;
  private final Names names;
  private final QuantConstants constants;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<BlockWeights, String> stored = new HashMap<>();
  private boolean contrib;
  private long floatBytes;
  private long integerBytes;

  /**
   * Prepares to rewrite.
   *
   * @param weights of the nodes that can be quantized
   * @param chosen which of them are
   */
  WeightOnlyRewriter(
      Model model,
      Map<Node, BlockWeights> weights,
      QuantizeParams parameters,
      Predicate<Node> chosen) {
    this.model = model;
    this.weights = weights;
    this.packed = parameters.format() == Format.QOPERATOR;
    this.chosen = chosen;
    this.names = new Names(new GraphIndex(model.graph()).names());
    this.constants = new QuantConstants(names);
  }

  Model rewrite() {
    for (Node node : model.graph().nodes()) {
      BlockWeights own = chosen.test(node) ? weights.get(node) : null;
      if (own == null) {
        nodes.add(node);
      } else if (node.is("Gather")) {
        lookUp(node, own);
      } else if (node.is("Conv")) {
        convolve(node, own);
      } else {
        multiply(node, own);
      }
    }
    return RewrittenModel.of(model, nodes, constants, contrib);
  }

  /** Brings a model to the operator set with blocks, when a rewriting will need it. */
  static Model prepare(Model model, QuantizeParams parameters) {
    QuantizeParams.Weights weights = parameters.weights();
    boolean blocks =
        parameters.format() == Format.QDQ
            && (weights.bits() < 8 || weights.block() > 0 || weights.embeddingBits() < 8);
    return blocks
        ? Passes.apply(model, List.of(new UpgradeOpset(Math.max(BLOCK_OPSET, PrepareGraph.OPSET))))
        : model;
  }

  private void multiply(Node node, BlockWeights own) {
    String input = node.inputs().getFirst();
    String output = node.outputs().getFirst();
    String bias = node.input(2);
    String product = bias == null ? output : names.fresh(output, "_m");
    count(own);
    if (packed) {
      contrib = true;
      List<String> inputs = new ArrayList<>(List.of(input));
      String base = node.inputs().get(1);
      inputs.add(
          stored.computeIfAbsent(own, _ -> constants.add(names.fresh(base, "_q"), own.packed())));
      Tensor scales = Tensor.ofFloats(Shape.of(own.grid().scales().length), own.grid().scales());
      inputs.add(constants.add(names.fresh(base, "_s"), scales));
      if (!own.symmetric()) {
        inputs.add(constants.add(names.fresh(base, "_z"), own.packedZeros()));
      }
      Map<String, Attribute> attributes = new LinkedHashMap<>();
      attributes.put("K", Attribute.of((long) own.matrix().depth()));
      attributes.put("N", Attribute.of((long) own.matrix().rows()));
      attributes.put("bits", Attribute.of((long) own.bits()));
      attributes.put("block_size", Attribute.of((long) own.grid().block()));
      nodes.add(
          new Node(
              node.name(),
              IntegerOperators.CONTRIB,
              "MatMulNBits",
              "",
              inputs,
              List.of(product),
              attributes,
              node.annotations()));
    } else {
      boolean blocked = own.grid().blocks() > 1 || own.grid().block() < own.matrix().depth();
      String real =
          dequantize(node.inputs().get(1), own, own.transposed(), blocked, blocked ? 0 : 1);
      nodes.add(Node.of(node.name(), "MatMul", List.of(input, real), List.of(product), Map.of()));
    }
    if (bias != null) {
      nodes.add(Node.of("Add", List.of(product, bias), List.of(output), Map.of()));
    }
  }

  private void convolve(Node node, BlockWeights own) {
    count(own);
    Tensor old = model.graph().initializers().get(node.inputs().get(1));
    if (old == null) {
      throw new IllegalStateException(node.label());
    }
    String real = dequantize(node.inputs().get(1), own, own.inOrder(old.shape()), false, 0);
    List<String> inputs = new ArrayList<>(node.inputs());
    inputs.set(1, real);
    nodes.add(node.withInputs(inputs));
  }

  private String dequantize(
      String base, BlockWeights own, Tensor integers, boolean blocked, int axis) {
    List<String> inputs = new ArrayList<>();
    inputs.add(constants.add(names.fresh(base, "_q"), integers));
    inputs.add(constants.add(names.fresh(base, "_s"), own.scales(blocked)));
    if (!own.symmetric()) {
      inputs.add(constants.add(names.fresh(base, "_z"), own.zeros(blocked)));
    }
    Map<String, Attribute> attributes = new LinkedHashMap<>();
    attributes.put("axis", Attribute.of((long) axis));
    if (blocked) {
      attributes.put("block_size", Attribute.of((long) own.grid().block()));
    }
    String real = names.fresh(base, "_d");
    nodes.add(
        new Node(
            "", "", "DequantizeLinear", "", inputs, List.of(real), attributes, Annotations.NONE));
    return real;
  }

  private void lookUp(Node node, BlockWeights own) {
    count(own);
    if (own.bits() == 8) {
      nodes.addAll(EmbeddingTable.lookUp(node, own, names, constants));
    } else if (packed) {
      contrib = true;
      nodes.add(EmbeddingTable.lookUpBlocks(node, own, names, constants));
    } else {
      nodes.addAll(EmbeddingTable.lookUpDequantized(node, own, names, constants));
    }
  }

  private void count(BlockWeights own) {
    floatBytes += 4L * own.integers().length;
    integerBytes += own.bytes();
  }

  /** What the weights that were quantized took in float. */
  long floatBytes() {
    return floatBytes;
  }

  /** What they take now, with their scales and zero points. */
  long integerBytes() {
    return integerBytes;
  }
}
