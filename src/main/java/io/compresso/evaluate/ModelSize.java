package io.compresso.evaluate;

import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.Map;
import java.util.TreeMap;

/**
 * How large a model is.
 *
 * @param fileBytes of its file, external data included
 * @param constantBytes of its constants: initializers and {@code Constant} nodes, subgraphs
 *     included
 * @param parameters elements of its floating-point and 8-bit or smaller constants
 * @param bytesByType constants' bytes by element type, in lower case
 */
public record ModelSize(
    long fileBytes, long constantBytes, long parameters, Map<String, Long> bytesByType) {

  /** The size of a model whose file has {@code fileBytes} bytes. */
  public static ModelSize of(Model model, long fileBytes) {
    Counter counter = new Counter();
    counter.add(model.graph());
    return new ModelSize(fileBytes, counter.bytes, counter.parameters, counter.byType);
  }

  private static final class Counter {
    private final Map<String, Long> byType = new TreeMap<>();
    private long bytes;
    private long parameters;

    void add(Graph graph) {
      graph.initializers().values().forEach(this::add);
      for (Node node : graph.nodes()) {
        for (Attribute attribute : node.attributes().values()) {
          switch (attribute) {
            case Attribute.GraphValue(Graph body) -> add(body);
            case Attribute.Graphs(var bodies) -> bodies.forEach(this::add);
            case Attribute.TensorValue(Tensor tensor) -> add(tensor);
            default -> {}
          }
        }
      }
    }

    private void add(Tensor tensor) {
      DType dtype = tensor.dtype();
      bytes += tensor.byteSize();
      byType.merge(dtype.toString(), tensor.byteSize(), Long::sum);
      parameters += dtype.isFloat() || (dtype.isInteger() && dtype.bits() <= 8) ? tensor.size() : 0;
    }
  }
}
