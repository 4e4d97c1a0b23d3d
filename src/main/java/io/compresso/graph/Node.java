package io.compresso.graph;

import java.util.ArrayList;
import java.util.Collections;
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
    attributes = Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
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
    return switch (attributes.get(attribute)) {
      case null -> otherwise;
      case Attribute.IntValue(long value) -> value;
      default -> throw wrongType(attribute, "an int");
    };
  }

  public float floatAttribute(String attribute, float otherwise) {
    return switch (attributes.get(attribute)) {
      case null -> otherwise;
      case Attribute.FloatValue(float value) -> value;
      default -> throw wrongType(attribute, "a float");
    };
  }

  public String stringAttribute(String attribute, String otherwise) {
    return switch (attributes.get(attribute)) {
      case null -> otherwise;
      case Attribute.StringValue value -> value.text();
      default -> throw wrongType(attribute, "a string");
    };
  }

  /** The attribute's values, or null when it is absent. */
  public long @Nullable [] intsAttribute(String attribute) {
    return switch (attributes.get(attribute)) {
      case null -> null;
      case Attribute.Ints(List<Long> values) ->
          values.stream().mapToLong(Long::longValue).toArray();
      default -> throw wrongType(attribute, "a list of ints");
    };
  }

  /** The attribute's values, or {@code otherwise} when it is absent. */
  public long[] intsAttribute(String attribute, long[] otherwise) {
    long[] values = intsAttribute(attribute);
    return values == null ? otherwise : values;
  }

  /** The subgraph held by the attribute, or null when it is absent. */
  public @Nullable Graph graphAttribute(String attribute) {
    return switch (attributes.get(attribute)) {
      case null -> null;
      case Attribute.GraphValue(Graph value) -> value;
      default -> throw wrongType(attribute, "a graph");
    };
  }

  private GraphException wrongType(String attribute, String expected) {
    return new GraphException(this, "attribute '" + attribute + "' is not " + expected);
  }

  /** The same node with its input names mapped. */
  public Node mapInputs(UnaryOperator<String> rename) {
    List<String> renamed = new ArrayList<>();
    for (String input : inputs) {
      renamed.add(input.isEmpty() ? input : rename.apply(input));
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
