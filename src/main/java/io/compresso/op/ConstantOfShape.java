package io.compresso.op;

import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.tensor.Tensor;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** A tensor of the shape that its input holds, filled with one value; float 0 by default. */
final class ConstantOfShape extends StandardOperator {
  ConstantOfShape() {
    super("ConstantOfShape", 9, 20, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      Tensor value = value(context.node());
      List<Dim> elements = Dims.elements(context, 0);
      Integer rank = elements == null ? Dims.length(context, 0) : Integer.valueOf(elements.size());
      List<Dim> dims = elements != null ? elements : rank == null ? null : Dims.unknown(rank);
      List<Dim> filled = null;
      if (value.dtype().isInteger() && dims != null && dims.size() == 1) {
        Long length = dims.getFirst().sizeOrNull();
        if (length != null && length <= 64) {
          filled = Collections.nCopies(length.intValue(), Dim.of(value.getLong(0)));
        }
      }
      return List.of(new Inferred(new ValueType.TensorType(value.dtype(), dims), filled));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor value = value(context.node());
      Tensor y = context.allocate(value.dtype(), Axes.shape(context, context.tensor(0).toLongs()));
      StridedCopy.fill(value, 0, y, 0, y.size());
      return List.of(y);
    });
  }

  private static Tensor value(Node node) {
    return node.attributes().get("value") instanceof Attribute.TensorValue(Tensor value)
        ? value
        : Tensor.scalar(0f);
  }
}
