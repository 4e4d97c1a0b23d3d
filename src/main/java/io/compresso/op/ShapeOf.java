package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** ONNX {@code Shape}: the dimensions of a tensor, or a slice of them, as a vector. */
final class ShapeOf extends StandardOperator {
  ShapeOf() {
    super("Shape", 1, 13, 15, 19, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (dims == null) {
        return List.of(Inferred.tensor(DType.INT64, Dims.unknown(1)));
      }
      int start = start(context.node(), dims.size());
      List<Dim> result = dims.subList(start, Math.max(start, end(context.node(), dims.size())));
      return List.of(
          new Inferred(
              new ValueType.TensorType(DType.INT64, List.of(Dim.of(result.size()))), result));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      long[] dims = context.tensor(0).shape().dims();
      int start = start(context.node(), dims.length);
      int end = Math.max(start, end(context.node(), dims.length));
      Tensor y = context.allocate(DType.INT64, Shape.of(end - start));
      Blocks.write(Arrays.copyOfRange(dims, start, end), y, 0, end - start);
      return List.of(y);
    });
  }

  private static int start(Node node, int rank) {
    return clamp(node.intAttribute("start", 0), rank);
  }

  private static int end(Node node, int rank) {
    return clamp(node.intAttribute("end", rank), rank);
  }

  private static int clamp(long axis, int rank) {
    return (int) Math.max(0, Math.min(rank, axis < 0 ? axis + rank : axis));
  }
}
