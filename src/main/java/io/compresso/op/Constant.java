package io.compresso.op;

import io.compresso.graph.Attribute;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A constant, held by one of several attributes. */
final class Constant extends StandardOperator {
  Constant() {
    super("Constant", 1, 9, 11, 12, 13, 19, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      Tensor value = value(context.node());
      return List.of(
          new Inferred(ValueType.tensor(value.dtype(), value.shape()), Dims.elementsOf(value)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(value(context.node())));
  }

  /**
   * The value of a {@code Constant} node.
   *
   * @throws GraphException if it holds none, or one of a kind that is not supported
   */
  static Tensor value(Node node) {
    for (Map.Entry<String, Attribute> entry : node.attributes().entrySet()) {
      switch (entry.getValue()) {
        case Attribute.TensorValue(Tensor value) -> {
          return value;
        }
        case Attribute.FloatValue(float value) -> {
          return Tensor.scalar(value);
        }
        case Attribute.IntValue(long value) -> {
          return Tensor.scalar(value);
        }
        case Attribute.StringValue(byte[] value) -> {
          return Tensor.ofStrings(Shape.SCALAR, List.of(value));
        }
        case Attribute.Floats(List<Float> values) -> {
          float[] floats = new float[values.size()];
          for (int i = 0; i < floats.length; i++) {
            floats[i] = values.get(i);
          }
          return Tensor.ofFloats(Shape.of(floats.length), floats);
        }
        case Attribute.Ints(List<Long> values) -> {
          return Tensor.ofLongs(
              Shape.of(values.size()), values.stream().mapToLong(Long::longValue).toArray());
        }
        case Attribute.Strings(List<byte[]> values) -> {
          return Tensor.ofStrings(Shape.of(values.size()), values);
        }
        default ->
            throw new GraphException(
                node, "attribute '" + entry.getKey() + "' is not a kind of constant we take");
      }
    }
    throw new GraphException(node, "no attribute holds the value");
  }
}
