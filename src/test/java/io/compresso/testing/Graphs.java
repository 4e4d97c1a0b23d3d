package io.compresso.testing;

import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Function;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Builds small models, line by line. */
public final class Graphs {
  private final List<ValueInfo> inputs = new ArrayList<>();
  private final List<ValueInfo> outputs = new ArrayList<>();
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, Tensor> initializers = new LinkedHashMap<>();
  private final List<Function> functions = new ArrayList<>();
  private final Map<String, Integer> opsets = new LinkedHashMap<>();

  private Graphs(int opset) {
    opsets.put("", opset);
  }

  public static Graphs opset(int version) {
    return new Graphs(version);
  }

  public Graphs domain(String domain, int version) {
    opsets.put(domain, version);
    return this;
  }

  public Graphs input(String name, ValueType type) {
    inputs.add(new ValueInfo(name, type));
    return this;
  }

  public Graphs output(String... names) {
    Stream.of(names).map(name -> new ValueInfo(name, ValueType.UNKNOWN)).forEach(outputs::add);
    return this;
  }

  public Graphs constant(String name, Tensor value) {
    initializers.put(name, value);
    return this;
  }

  public Graphs function(Function function) {
    functions.add(function);
    return this;
  }

  public Graphs node(Node node) {
    nodes.add(node);
    return this;
  }

  /**
   * Adds a node.
   *
   * @param line {@code "y z = Op a b"}; a {@code _} stands for an omitted input or output
   * @param attributes names and values in turn
   */
  public Graphs node(String line, Object... attributes) {
    nodes.add(parse(line, attributes));
    return this;
  }

  public static Node parse(String line, Object... attributes) {
    String[] sides = line.split(" = ");
    String[] right = sides[1].trim().split(" ");
    Map<String, Attribute> values = new LinkedHashMap<>();
    for (int i = 0; i < attributes.length; i += 2) {
      values.put(
          (String) attributes[i],
          switch (attributes[i + 1]) {
            case Integer value -> Attribute.of(value.longValue());
            case Long value -> Attribute.of(value);
            case Float value -> Attribute.of(value);
            case String value -> Attribute.of(value);
            case long[] value -> Attribute.ints(value);
            case Tensor value -> Attribute.of(value);
            case Graph value -> Attribute.of(value);
            case Attribute value -> value;
            default -> throw new IllegalArgumentException("attribute " + attributes[i]);
          });
    }
    String[] opType = right[0].split(":");
    return new Node(
        sides[0].trim(),
        opType.length > 1 ? opType[0] : "",
        opType[opType.length - 1],
        "",
        Stream.of(right).skip(1).map(Graphs::name).toList(),
        Stream.of(sides[0].trim().split(" ")).map(Graphs::name).toList(),
        values,
        Annotations.NONE);
  }

  private static String name(String word) {
    return word.equals("_") ? "" : word;
  }

  public Graph graph() {
    return new Graph("g", inputs, outputs, nodes, initializers, Map.of(), Annotations.NONE);
  }

  public Model model() {
    return new Model(
        10,
        opsets,
        new Model.Producer("test", "", "", 0),
        graph(),
        List.copyOf(functions),
        Annotations.NONE);
  }
}
