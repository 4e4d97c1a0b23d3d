package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The number of elements of a tensor, as a scalar. */
final class Size extends StandardOperator {
  Size() {
    super("Size", 1, 13, 19, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      return List.of(
          new Inferred(
              new ValueType.TensorType(DType.INT64, List.of()),
              dims == null ? null : List.of(Dims.product(dims))));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor y = context.allocate(DType.INT64, Shape.SCALAR);
      y.setLong(0, context.tensor(0).size());
      return List.of(y);
    });
  }
}
