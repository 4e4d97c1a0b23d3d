package io.compresso.evaluate;

import io.compresso.engine.RunOptions;
import io.compresso.engine.RunResult;
import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one run of a model takes, from the shapes that a run in our engine has.
 *
 * @param macs multiply-accumulates of convolutions, matrix products and recurrent cells together;
 *     those inside subgraphs are not counted
 * @param nodes the nodes that have some, in the graph's order
 * @param peakBytes the most memory that the run's values took at a time
 */
public record ModelCost(long macs, List<NodeCost> nodes, long peakBytes) {
  /** One node's multiply-accumulates. */
  public record NodeCost(String node, String opType, long macs) {}

  /**
   * Counts the cost of a run on the given inputs.
   *
   * @throws GraphException if our engine cannot run the model
   */
  public static ModelCost of(Model model, Map<String, ? extends Value> inputs) {
    Map<String, Shape> shapes = new HashMap<>();
    inputs.forEach((name, value) -> note(shapes, name, value));
    model.graph().initializers().forEach((name, value) -> note(shapes, name, value));
    long peak;
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      session.constants().forEach((name, value) -> note(shapes, name, value));
      RunResult result =
          session.run(
              inputs, RunOptions.plain().withListener((name, value) -> note(shapes, name, value)));
      result.values().forEach((name, value) -> note(shapes, name, value));
      peak = result.peakBytes();
    }
    ModelCost counted = of(model.graph(), shapes);
    return new ModelCost(counted.macs(), counted.nodes(), peak);
  }

  private static void note(Map<String, Shape> shapes, String name, Value value) {
    if (value instanceof Tensor tensor) {
      shapes.put(name, tensor.shape());
    }
  }

  /** Counts the multiply-accumulates of a graph whose values have the given shapes. */
  public static ModelCost of(Graph graph, Map<String, Shape> shapes) {
    List<NodeCost> nodes = new ArrayList<>();
    long total = 0;
    for (Node node : graph.nodes()) {
      long macs = macs(node, shapes);
      if (macs > 0) {
        nodes.add(new NodeCost(node.label(), node.opType(), macs));
        total += macs;
      }
    }
    return new ModelCost(total, List.copyOf(nodes), 0);
  }

  private static long macs(Node node, Map<String, Shape> shapes) {
    return switch (node.opType()) {
      case "Conv", "ConvInteger", "FusedConv" -> convolution(node, shapes, 1);
      case "QLinearConv" -> convolution(node, shapes, 3);
      case "ConvTranspose" -> transposed(node, shapes);
      case "MatMul", "MatMulInteger", "FusedMatMul", "QLinearMatMul" -> product(node, shapes);
      case "MatMulNBits" -> packedProduct(node, shapes);
      case "Gemm", "FusedGemm", "QGemm" -> gemm(node, shapes);
      case "LSTM", "GRU", "RNN", "DynamicQuantizeLSTM" -> recurrent(node, shapes);
      default -> 0;
    };
  }

  private static @Nullable Shape input(Node node, Map<String, Shape> shapes, int index) {
    String name = node.input(index);
    return name == null ? null : shapes.get(name);
  }

  private static @Nullable Shape output(Node node, Map<String, Shape> shapes) {
    String name = node.output(0);
    return name == null ? null : shapes.get(name);
  }

  /** Each output element takes one filter: all weights but the first dimension. */
  private static long convolution(Node node, Map<String, Shape> shapes, int weights) {
    Shape filter = input(node, shapes, weights);
    Shape result = output(node, shapes);
    return filter == null || result == null || filter.rank() < 2
        ? 0
        : result.size() * filter.size(1, filter.rank());
  }

  /** Each input element goes through one filter. */
  private static long transposed(Node node, Map<String, Shape> shapes) {
    Shape source = input(node, shapes, 0);
    Shape filter = input(node, shapes, 1);
    return source == null || filter == null || filter.rank() < 2
        ? 0
        : source.size() * filter.size(1, filter.rank());
  }

  private static long product(Node node, Map<String, Shape> shapes) {
    Shape a = input(node, shapes, 0);
    Shape result = output(node, shapes);
    return a == null || result == null || a.rank() == 0 ? 0 : result.size() * a.dim(-1);
  }

  private static long packedProduct(Node node, Map<String, Shape> shapes) {
    Shape result = output(node, shapes);
    return result == null ? 0 : result.size() * node.intAttribute("K", 0);
  }

  private static long gemm(Node node, Map<String, Shape> shapes) {
    Shape a = input(node, shapes, 0);
    Shape result = output(node, shapes);
    if (a == null || result == null || a.rank() != 2) {
      return 0;
    }
    return result.size() * a.dim(node.intAttribute("transA", 0) == 0 ? 1 : 0);
  }

  /** Each step of each sequence takes the input's and the state's weights once. */
  private static long recurrent(Node node, Map<String, Shape> shapes) {
    Shape source = input(node, shapes, 0);
    Shape weights = input(node, shapes, 1);
    Shape recurrence = input(node, shapes, 2);
    if (source == null || weights == null || recurrence == null || source.rank() != 3) {
      return 0;
    }
    return source.dim(0)
        * source.dim(1)
        * Arrays.stream(new Shape[] {weights, recurrence}).mapToLong(Shape::size).sum();
  }
}
