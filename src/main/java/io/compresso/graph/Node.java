package io.compresso.graph;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One application of an operator. Immutable.
 *
 * @param name a name for people; may be empty
 * @param domain the operator set, empty for ONNX's own ({@code ai.onnx} is the same)
 * @param opType the operator
 * @param overload which overload of a model-local function, mostly empty
 * @param inputs value names; an empty name stands for an omitted optional input
 * @param outputs value names; an empty name stands for an output that nobody reads
 * @param attributes by name, in the file's order
 */
public record Node(
    String name,
    String domain,
    String opType,
    String overload,
    List<String> inputs,
    List<String> outputs,
    Map<String, Attribute> attributes,
    Annotations annotations) {
  public Node {
    domain = domain.equals("ai.onnx") ? "" : domain;
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    attributes = FixedMap.copyOf(attributes);
  }

  /** A node of ONNX's own operator set. */
  public static Node of(
      String opType, List<String> inputs, List<String> outputs, Map<String, Attribute> attributes) {
    return new Node("", "", opType, "", inputs, outputs, attributes, Annotations.NONE);
  }

  /** A named node of ONNX's own operator set. */
  public static Node of(
      String name,
      String opType,
      List<String> inputs,
      List<String> outputs,
      Map<String, Attribute> attributes) {
    return new Node(name, "", opType, "", inputs, outputs, attributes, Annotations.NONE);
  }

  public boolean is(String otherOpType) {
    return domain.isEmpty() && opType.equals(otherOpType);
  }

  /** The name of input {@code index}, or null when it is omitted. */
  public @Nullable String input(int index) {
    return index < inputs.size() && !inputs.get(index).isEmpty() ? inputs.get(index) : null;
  }

  /** The name of output {@code index}, or null when nobody reads it. */
  public @Nullable String output(int index) {
    return index < outputs.size() && !outputs.get(index).isEmpty() ? outputs.get(index) : null;
  }

  /** What to call the node in a message: its name, or its operator and first output. */
  public String label() {
    return name.isEmpty()
        ? opType + (outputs.isEmpty() ? "" : "(" + outputs.getFirst() + ")")
        : name;
  }

  public long intAttribute(String attribute, long otherwise) {
    Attribute value = attributes.get(attribute);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Attribute.IntValue number) {
      return number.value();
    }
    throw wrongType(attribute, "an int");
  }

  public float floatAttribute(String attribute, float otherwise) {
    Attribute value = attributes.get(attribute);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Attribute.FloatValue number) {
      return number.value();
    }
    throw wrongType(attribute, "a float");
  }

  public String stringAttribute(String attribute, String otherwise) {
    Attribute value = attributes.get(attribute);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Attribute.StringValue string) {
      return string.text();
    }
    throw wrongType(attribute, "a string");
  }

  /** The attribute's values, or null when it is absent. */
  public long @Nullable [] intsAttribute(String attribute) {
    Attribute value = attributes.get(attribute);
    if (value == null) {
      return null;
    }
    if (!(value instanceof Attribute.Ints list)) {
      throw wrongType(attribute, "a list of ints");
    }
    long[] ints = new long[list.values().size()];
    for (int i = 0; i < ints.length; i++) {
      ints[i] = list.values().get(i);
    }
    return ints;
  }

  /** The attribute's values, or {@code otherwise} when it is absent. */
  public long[] intsAttribute(String attribute, long[] otherwise) {
    long[] values = intsAttribute(attribute);
    return values == null ? otherwise : values;
  }

  /** The subgraph held by the attribute, or null when it is absent. */
  public @Nullable Graph graphAttribute(String attribute) {
    Attribute value = attributes.get(attribute);
    if (value == null) {
      return null;
    }
    if (value instanceof Attribute.GraphValue graph) {
      return graph.value();
    }
    throw wrongType(attribute, "a graph");
  }

  /** Whether an attribute holds subgraphs. */
  public boolean holdsGraphs() {
    if (attributes.isEmpty()) {
      return false;
    }
    for (Attribute attribute : attributes.values()) {
      if (attribute instanceof Attribute.GraphValue || attribute instanceof Attribute.Graphs) {
        return true;
      }
    }
    return false;
  }

  /** The same node with each of its subgraphs mapped; itself where that changes none. */
  public Node mapGraphs(UnaryOperator<Graph> map) {
    if (!holdsGraphs()) {
      return this;
    }
    Map<String, Attribute> mapped = new LinkedHashMap<>();
    attributes.forEach((attribute, value) ->
        mapped.put(
            attribute,
            switch (value) {
              case Attribute.GraphValue(Graph graph) -> Attribute.of(map.apply(graph));
              case Attribute.Graphs(List<Graph> graphs) ->
                  new Attribute.Graphs(graphs.stream().map(map).toList());
              default -> value;
            }));
    return mapped.equals(attributes)
        ? this
        : new Node(name, domain, opType, overload, inputs, outputs, mapped, annotations);
  }

  private GraphException wrongType(String attribute, String expected) {
    return new GraphException(this, "attribute '" + attribute + "' is not " + expected);
  }

  /** The same node with its input names mapped; itself where that changes none. */
  public Node mapInputs(UnaryOperator<String> rename) {
    List<String> renamed = new ArrayList<>(inputs.size());
    for (String input : inputs) {
      renamed.add(input.isEmpty() ? input : rename.apply(input));
    }
    if (renamed.equals(inputs)) {
      return this;
    }
    return new Node(name, domain, opType, overload, renamed, outputs, attributes, annotations);
  }

  /** The same node with other outputs. */
  public Node withOutputs(List<String> newOutputs) {
    return new Node(name, domain, opType, overload, inputs, newOutputs, attributes, annotations);
  }

  /** The same node with other inputs. */
  public Node withInputs(List<String> newInputs) {
    return new Node(name, domain, opType, overload, newInputs, outputs, attributes, annotations);
  }

  /** The same node with one attribute set. */
  public Node withAttribute(String attribute, Attribute value) {
    Map<String, Attribute> changed = new LinkedHashMap<>(attributes);
    changed.put(attribute, value);
    return new Node(name, domain, opType, overload, inputs, outputs, changed, annotations);
  }
}
