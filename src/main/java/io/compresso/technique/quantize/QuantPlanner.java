package io.compresso.technique.quantize;

import io.compresso.graph.Graph;
import io.compresso.graph.Node;
import io.compresso.op.Operator;
import io.compresso.op.OperatorCatalog;
import io.compresso.op.QuantRule;
import io.compresso.technique.quantize.QuantPlan.Kind;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Decides which nodes compute on integers: every layer with constant weights, what lies between
 * such layers and has an integer form, and what only moves elements. Nothing is quantized only to
 * be dequantized at once.
 *
 * @param chosen whether a node may be quantized, as the job's parameters say
 * @param fuseRelu whether the activations' type begins at zero, so that its saturation is a Relu
 * @param integerMatMul whether a MatMul gives integers even when nobody computes on them
 */
record QuantPlanner(Predicate<Node> chosen, boolean fuseRelu, boolean integerMatMul) {
  /** Operators with a range of their own that ONNX Runtime computes in integers on a CPU. */
  private static final Set<String> INTEGER_ACTIVATIONS =
      Set.of(
          "Add",
          "AveragePool",
          "Clip",
          "Concat",
          "GlobalAveragePool",
          "LeakyRelu",
          "Mul",
          "Relu",
          "Sigmoid");

  QuantPlan plan(GraphIndex index) {
    Graph graph = index.graph();
    QuantPlan plan = new QuantPlan();
    for (Node node : graph.nodes()) {
      if (role(node) == QuantRule.Role.WEIGHTED) {
        String obstacle = obstacle(index, node);
        if (obstacle.isEmpty() && chosen.test(node)) {
          plan.quantize(node, Kind.WEIGHTED);
        } else {
          plan.reason(node, obstacle.isEmpty() ? "excluded" : obstacle);
        }
      }
      if (isActivationProduct(index, node) && chosen.test(node)) {
        plan.quantize(node, Kind.ACTIVATION);
        plan.reason(node, "");
      }
    }
    for (Node node : graph.nodes()) {
      Kind kind = between(index, plan, node);
      if (kind != null) {
        plan.quantize(node, kind);
      }
    }
    boolean changed = true;
    while (changed) {
      changed = false;
      for (int i = graph.nodes().size() - 1; i >= 0; i--) {
        Node node = graph.nodes().get(i);
        if (plan.isQuantized(node)
            && plan.kind(node) != Kind.WEIGHTED
            && !isActivationProduct(index, node)
            && (node.outputs().stream().noneMatch(output -> isWanted(index, plan, output))
                || between(index, plan, node) == null)) {
          plan.leave(node);
          changed = true;
        }
      }
    }
    if (fuseRelu) {
      fuse(index, plan);
    }
    collectIntegers(index, plan);
    return plan;
  }

  /** Whether the node multiplies two computed matrices, as attention does. */
  static boolean isActivationProduct(GraphIndex index, Node node) {
    return node.is("MatMul")
        && node.inputs().stream().noneMatch(input -> index.constant(input) != null);
  }

  static boolean isLayer(Node node) {
    return role(node) == QuantRule.Role.WEIGHTED;
  }

  private static QuantRule.@Nullable Role role(Node node) {
    QuantRule rule =
        OperatorCatalog.find(node.domain(), node.opType())
            .flatMap(Operator::quantRule)
            .orElse(null);
    return rule == null ? null : rule.role();
  }

  /** Why a layer cannot be quantized; empty when it can. */
  static String obstacle(GraphIndex index, Node node) {
    Tensor weights = index.floatConstant(node.input(1));
    if (weights == null) {
      return "its weights are not a constant of float elements";
    }
    if (node.input(0) == null || index.constant(node.input(0)) != null) {
      return "its input is a constant";
    }
    if (node.input(2) != null && index.floatConstant(node.input(2)) == null) {
      return "its bias is not a constant of float elements";
    }
    int rank = weights.shape().rank();
    if (weights.size() == 0 || rank < 2) {
      return "its weights have the shape " + weights.shape();
    }
    if (node.is("MatMul") && rank != 2) {
      return "its weights are not a matrix";
    }
    if (node.is("Gemm")) {
      Tensor bias = index.constant(node.input(2));
      long columns = weights.shape().dim(node.intAttribute("transB", 0) == 0 ? 1 : 0);
      boolean row = bias == null || (bias.size() == columns && bias.shape().dim(-1) == columns);
      if (!row || (bias != null && node.floatAttribute("beta", 1) != 1)) {
        return "its third input is not a bias for each column";
      }
      if (node.floatAttribute("alpha", 1) != 1 || node.intAttribute("transA", 0) != 0) {
        return "it scales or transposes its input";
      }
    }
    return "";
  }

  private @Nullable Kind between(GraphIndex index, QuantPlan plan, Node node) {
    QuantRule.Role role = role(node);
    if (role == null
        || role == QuantRule.Role.WEIGHTED
        || node.input(0) == null
        || !chosen.test(node)
        || (role == QuantRule.Role.PASS_THROUGH && index.isPinned(node.outputs().getFirst()))) {
      return null;
    }
    if (role == QuantRule.Role.PASS_THROUGH) {
      return isIntegerProducer(index, plan, node.inputs().getFirst()) && movesData(node)
          ? Kind.PASS_THROUGH
          : null;
    }
    if (!INTEGER_ACTIVATIONS.contains(node.opType()) || node.outputs().size() != 1) {
      return null;
    }
    boolean some = false;
    for (int i = 0; i < dataInputs(node); i++) {
      String input = node.inputs().get(i);
      some |= isIntegerProducer(index, plan, input);
      if (index.constant(input) != null && index.floatConstant(input) == null) {
        return null;
      }
    }
    return some ? Kind.ACTIVATION : null;
  }

  /** How many inputs, from the first, are activations; what follows are parameters. */
  static int dataInputs(Node node) {
    return switch (node.opType()) {
      case "Add", "MatMul", "Mul" -> 2;
      case "Concat" -> node.inputs().size();
      default -> 1;
    };
  }

  /** Whether the first output of a node that passes elements on holds them. */
  private static boolean movesData(Node node) {
    long outputs = node.outputs().stream().filter(name -> !name.isEmpty()).count();
    return switch (node.opType()) {
      case "MaxPool" -> outputs == 1;
      case "Pad" -> false;
      case "Resize" -> node.stringAttribute("mode", "nearest").equals("nearest");
      case "Split" -> true;
      default -> outputs == 1;
    };
  }

  private static boolean isIntegerProducer(GraphIndex index, QuantPlan plan, String value) {
    Node producer = index.producer(value);
    return producer != null && plan.isQuantized(producer);
  }

  /** Whether a node that computes on integers reads the value. */
  private static boolean isWanted(GraphIndex index, QuantPlan plan, String value) {
    for (Node reader : index.readers(value)) {
      if (plan.isQuantized(reader)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether a product's result is best left in float: ONNX Runtime fuses most readers into the
   * float product before it looks for quantization, which then never computes on integers.
   */
  private static boolean staysFloat(GraphIndex index, String value) {
    return index.readers(value).stream()
        .allMatch(reader -> reader.is("Softmax") || reader.is("LogSoftmax") || reader.is("ArgMax"));
  }

  private static void fuse(GraphIndex index, QuantPlan plan) {
    for (Node node : index.graph().nodes()) {
      Kind kind = plan.kind(node);
      if (kind != Kind.WEIGHTED && kind != Kind.ACTIVATION) {
        continue;
      }
      Node reader = index.onlyReader(node.outputs().getFirst());
      if (reader != null
          && isRectifier(index, reader)
          && (plan.isQuantized(reader) || kind == Kind.WEIGHTED)) {
        plan.fuse(node, reader);
        plan.leave(reader);
      }
    }
  }

  static boolean isConv(Node node) {
    return node.is("Conv") || node.is("ConvTranspose");
  }

  /** Whether the node is Relu, or Clip from zero: saturation at the type's ends does the same. */
  static boolean isRectifier(GraphIndex index, Node node) {
    if (node.is("Relu")) {
      return true;
    }
    return node.is("Clip") && clipLow(index, node) == 0;
  }

  private static float clipLow(GraphIndex index, Node clip) {
    if (clip.attributes().containsKey("min")) {
      return clip.floatAttribute("min", 0);
    }
    Tensor low = index.floatConstant(clip.input(1));
    return low == null ? Float.NaN : low.getFloat(0);
  }

  private void collectIntegers(GraphIndex index, QuantPlan plan) {
    for (Node node : index.graph().nodes()) {
      Kind kind = plan.kind(node);
      if (kind == null) {
        continue;
      }
      int inputs = kind == Kind.ACTIVATION ? dataInputs(node) : 1;
      for (int i = 0; i < inputs; i++) {
        plan.integer(node.inputs().get(i));
      }
      String output = plan.output(node);
      boolean product = kind == Kind.WEIGHTED || isActivationProduct(index, node);
      if (!product
          || plan.fused(node) != null
          || isConv(node)
          || (integerMatMul && node.is("MatMul"))
          || isWanted(index, plan, output)
          || !staysFloat(index, output)) {
        for (String name : node.outputs().size() == 1 ? List.of(output) : node.outputs()) {
          plan.integer(name);
        }
      }
    }
  }
}
