package io.compresso.engine.pass;

import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Node;
import io.compresso.op.OperatorCatalog;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A node that is written piece by piece. */
final class NodeBuilder {
  private final String domain;
  private final String opType;
  private String name = "";
  private List<String> inputs = List.of();
  private List<String> outputs = List.of();
  private Map<String, Attribute> attributes = Map.of();
  private boolean owned;

  private NodeBuilder(String domain, String opType) {
    this.domain = domain;
    this.opType = opType;
  }

  /** A node of ONNX's own operator set. */
  static NodeBuilder onnx(String opType) {
    return new NodeBuilder("", opType);
  }

  /** A node of ONNX Runtime's operator set. */
  static NodeBuilder microsoft(String opType) {
    return new NodeBuilder("com.microsoft", opType);
  }

  /** A node of the engine's own operator set. */
  static NodeBuilder own(String opType) {
    return new NodeBuilder(OperatorCatalog.INTERNAL, opType);
  }

  /** A node like another one. */
  static NodeBuilder like(Node node) {
    return new NodeBuilder(node.domain(), node.opType())
        .name(node.name())
        .inputs(node.inputs())
        .outputs(node.outputs())
        .attributes(node.attributes());
  }

  NodeBuilder name(String newName) {
    name = newName;
    return this;
  }

  /** Null stands for an omitted input; trailing ones are left out. */
  NodeBuilder inputs(@Nullable String... values) {
    List<String> given = new ArrayList<>();
    for (String value : values) {
      given.add(value == null ? "" : value);
    }
    while (!given.isEmpty() && given.getLast().isEmpty()) {
      given.removeLast();
    }
    inputs = given;
    return this;
  }

  NodeBuilder inputs(List<String> values) {
    inputs = values;
    return this;
  }

  NodeBuilder outputs(String... values) {
    outputs = List.of(values);
    return this;
  }

  NodeBuilder outputs(List<String> values) {
    outputs = values;
    return this;
  }

  NodeBuilder attributes(Map<String, Attribute> values) {
    if (attributes.isEmpty()) {
      attributes = values;
    } else {
      ownAttributes().putAll(values);
    }
    return this;
  }

  NodeBuilder with(String attribute, Attribute value) {
    ownAttributes().put(attribute, value);
    return this;
  }

  NodeBuilder with(String attribute, long value) {
    return with(attribute, Attribute.of(value));
  }

  NodeBuilder with(String attribute, float value) {
    return with(attribute, Attribute.of(value));
  }

  NodeBuilder with(String attribute, String value) {
    return with(attribute, Attribute.of(value));
  }

  NodeBuilder without(String attribute) {
    if (attributes.containsKey(attribute)) {
      ownAttributes().remove(attribute);
    }
    return this;
  }

  /**
   * The attributes as a map of this builder's own: those of a node like it are shared till then.
   */
  private Map<String, Attribute> ownAttributes() {
    if (!owned) {
      attributes = new LinkedHashMap<>(attributes);
      owned = true;
    }
    return attributes;
  }

  Node build() {
    return new Node(name, domain, opType, "", inputs, outputs, attributes, Annotations.NONE);
  }
}
