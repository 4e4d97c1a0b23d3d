package io.compresso.evaluate.models;

import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Collects the nodes and the seeded random weights of a network. Batches are of any size. */
class GraphBuilder {
  private static final int IR_VERSION = 8;
  private static final int OPSET = 17;
  private static final String MICROSOFT = "com.microsoft";
  private static final Dim BATCH = Dim.symbol("N");

  private final String name;
  private final SplittableRandom random;
  private final List<ValueInfo> inputs = new ArrayList<>();
  private final List<ValueInfo> outputs = new ArrayList<>();
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, Tensor> initializers = new LinkedHashMap<>();
  private final Map<String, Integer> numbers = new LinkedHashMap<>();
  private final Map<String, Integer> opsets = new LinkedHashMap<>(Map.of("", OPSET));

  GraphBuilder(String name) {
    this.name = name;
    this.random = new SplittableRandom(name.hashCode());
  }

  /** Declares an input; the first dimension is the batch. */
  String input(String input, DType dtype, long... rest) {
    List<Dim> dims = new ArrayList<>(List.of(BATCH));
    for (long dim : rest) {
      dims.add(Dim.of(dim));
    }
    return input(input, dtype, dims);
  }

  /** Declares an input of the given dimensions. */
  String input(String input, DType dtype, List<Dim> dims) {
    inputs.add(new ValueInfo(input, new TensorType(dtype, dims)));
    return input;
  }

  /** The dimension of the batch. */
  static Dim batch() {
    return BATCH;
  }

  /** Declares an output of the given dimensions. */
  void output(String value, DType dtype, Dim... dims) {
    outputs.add(new ValueInfo(value, new TensorType(dtype, List.of(dims))));
  }

  /** Adds a node of one output, which is given back. */
  String node(String opType, List<String> operands, Map<String, Attribute> attributes) {
    String label = fresh(opType.toLowerCase(java.util.Locale.ROOT));
    nodes.add(Node.of(label, opType, operands, List.of(label + ".y"), attributes));
    return label + ".y";
  }

  String node(String opType, String... operands) {
    return node(opType, List.of(operands), Map.of());
  }

  /** Adds a node of several outputs. */
  List<String> split(String input, int parts, int axis, long... sizes) {
    String label = fresh("split");
    List<String> results = new ArrayList<>();
    for (int i = 0; i < parts; i++) {
      results.add(label + ".y" + i);
    }
    nodes.add(
        Node.of(
            label,
            "Split",
            List.of(input, longs(sizes)),
            results,
            Map.of("axis", Attribute.of((long) axis))));
    return results;
  }

  /** Adds a node of com.microsoft, whose outputs the caller names. */
  void microsoft(
      String opType,
      List<String> operands,
      List<String> results,
      Map<String, Attribute> attributes) {
    String label = fresh(opType.toLowerCase(java.util.Locale.ROOT));
    nodes.add(
        new Node(label, MICROSOFT, opType, "", operands, results, attributes, Annotations.NONE));
    opsets.put(MICROSOFT, 1);
  }

  /** A name that no value has. */
  String name(String stem) {
    return fresh(stem) + ".y";
  }

  private String fresh(String stem) {
    return stem + numbers.merge(stem, 1, Integer::sum);
  }

  /** Adds a constant. */
  String constant(String stem, Tensor value) {
    String label = fresh(stem);
    initializers.put(label, value);
    return label;
  }

  /** Adds a vector of 64-bit integers. */
  String longs(long... values) {
    return constant("ints", Tensor.ofLongs(Shape.of(values.length), values));
  }

  /** Adds evenly distributed weights of the given standard deviation about a mean. */
  String weights(String stem, double mean, double deviation, long... dims) {
    Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(dims));
    double half = deviation * Math.sqrt(3);
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, (float) (mean + (2 * random.nextDouble() - 1) * half));
    }
    return constant(stem, tensor);
  }

  /** Adds random bytes. */
  String fields(String stem, long... dims) {
    Tensor tensor = Tensor.allocate(DType.UINT8, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setLong(i, random.nextInt(256));
    }
    return constant(stem, tensor);
  }

  Model build() {
    Graph graph = new Graph(name, inputs, outputs, nodes, initializers, Map.of(), Annotations.NONE);
    return new Model(
        IR_VERSION,
        Map.copyOf(opsets),
        new Model.Producer("compresso", "", "", 0),
        graph,
        List.of(),
        Annotations.NONE);
  }
}
