package io.compresso.graph;

import java.util.List;
import java.util.Map;

/**
 * A model-local function: an operator defined by other operators.
 *
 * @param attributes the names of attributes without a default
 * @param defaults the attributes that have one
 * @param opsetImports the operator sets of the body, by domain
 */
public record Function(
    String name,
    String domain,
    String overload,
    List<String> inputs,
    List<String> outputs,
    List<String> attributes,
    Map<String, Attribute> defaults,
    List<Node> nodes,
    Map<String, Integer> opsetImports,
    Map<String, ValueInfo> valueInfos,
    Annotations annotations) {}
