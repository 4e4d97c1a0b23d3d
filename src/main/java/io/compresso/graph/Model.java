package io.compresso.graph;

import java.util.List;
import java.util.Map;

/**
 * A model: a graph, the operator sets that give its nodes their meaning, and where it came from.
 *
 * @param opsetImports versions of operator sets by domain; the empty domain is ONNX's own
 */
public record Model(
    long irVersion,
    Map<String, Integer> opsetImports,
    Producer producer,
    Graph graph,
    List<Function> functions,
    Annotations annotations) {
  /** The program that made a model, and the model's own domain and version. */
  public record Producer(String name, String version, String domain, long modelVersion) {}

  /** The version of ONNX's own operator set; 1 when the model does not say. */
  public int opset() {
    return opsetImports.getOrDefault("", 1);
  }

  public Model withGraph(Graph newGraph) {
    return new Model(irVersion, opsetImports, producer, newGraph, functions, annotations);
  }
}
