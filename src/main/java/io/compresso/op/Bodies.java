package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What {@code Loop}, {@code Scan} and {@code SequenceMap} share: bodies and stacked outputs. */
final class Bodies {
  private Bodies() {}

  /** The body of a node. */
  static Graph body(Node node) {
    Graph body = node.graphAttribute("body");
    if (body == null) {
      throw new GraphException(node, "attribute 'body' is missing");
    }
    return body;
  }

  /** Names {@code values} as the body's inputs, in order. */
  static Map<String, Value> bind(Node node, Graph body, List<Value> values) {
    if (body.inputs().size() < values.size()) {
      throw new GraphException(
          node, "body takes " + body.inputs().size() + " inputs, " + values.size() + " are given");
    }
    Map<String, Value> inputs = new LinkedHashMap<>();
    for (int i = 0; i < values.size(); i++) {
      inputs.put(body.inputs().get(i).name(), values.get(i));
    }
    return inputs;
  }

  /**
   * Tensors of one shape along a new axis; without any, an empty tensor of the declared type.
   *
   * @param axis where the new axis goes, counted from the end of the result when negative
   */
  static Tensor stack(OpContext context, List<Tensor> parts, ValueInfo declared, long axis) {
    if (parts.isEmpty()) {
      return empty(context, declared, axis);
    }
    Tensor first = parts.getFirst();
    int at = Axes.normalize(context, axis, first.shape().rank() + 1);
    long[] own = first.shape().dims();
    long[] dims = new long[own.length + 1];
    dims[at] = parts.size();
    System.arraycopy(own, 0, dims, 0, at);
    System.arraycopy(own, at, dims, at + 1, own.length - at);
    Tensor y = context.allocate(first.dtype(), Axes.shape(context, dims));
    long outer = first.shape().size(0, at);
    long inner = first.shape().size(at, own.length);
    for (int i = 0; i < parts.size(); i++) {
      Tensor part = parts.get(i);
      if (!part.shape().equals(first.shape()) || part.dtype() != first.dtype()) {
        throw context.error(
            "output '" + declared.name() + "' of the body changes from " + first + " to " + part);
      }
      StridedCopy.box(
          part,
          0,
          new long[] {inner, 1},
          y,
          i * inner,
          new long[] {inner * parts.size(), 1},
          new long[] {outer, inner});
    }
    return y;
  }

  private static Tensor empty(OpContext context, ValueInfo declared, long axis) {
    if (!(declared.type() instanceof ValueType.TensorType(DType dtype, List<Dim> own))) {
      throw context.error(
          "output '" + declared.name() + "' of the body has no type, and there is no iteration");
    }
    List<Dim> dims = own == null ? new ArrayList<>() : new ArrayList<>(own);
    dims.add(Axes.normalize(context, axis, dims.size() + 1), Dim.of(0));
    long[] sizes = new long[dims.size()];
    for (int i = 0; i < sizes.length; i++) {
      Long size = dims.get(i).sizeOrNull();
      sizes[i] = size == null ? 0 : size;
    }
    return context.allocate(dtype, Shape.of(sizes));
  }

  /** The type of a stacked output: {@code element} with an axis more. */
  static Inferred stacked(ValueType element, long axis, Dim count) {
    if (!(element instanceof ValueType.TensorType(DType dtype, List<Dim> dims))) {
      return Inferred.UNKNOWN;
    }
    return Inferred.tensor(dtype, insert(dims, axis, count));
  }

  private static @Nullable List<Dim> insert(@Nullable List<Dim> dims, long axis, Dim dim) {
    if (dims == null) {
      return null;
    }
    List<Dim> result = new ArrayList<>(dims);
    long at = axis < 0 ? axis + dims.size() + 1 : axis;
    result.add((int) Math.max(0, Math.min(dims.size(), at)), dim);
    return result;
  }
}
