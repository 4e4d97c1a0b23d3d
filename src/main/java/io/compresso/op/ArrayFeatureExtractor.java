package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Selects elements of the last axis by index. */
final class ArrayFeatureExtractor extends MlOperator {
  @Override
  public String opType() {
    return "ArrayFeatureExtractor";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> x = context.dims(0);
      List<Dim> indices = context.dims(1);
      if (x == null || x.isEmpty()) {
        return List.of(Dims.tensor(context.dtype(0), null));
      }
      List<Dim> dims = new ArrayList<>(x);
      dims.set(x.size() - 1, indices == null ? Dim.UNKNOWN : Dims.product(indices));
      if (x.size() == 1) {
        dims.addFirst(Dim.of(1));
      }
      return List.of(Dims.tensor(context.dtype(0), dims));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    Tensor indices = context.tensor(1);
    if (x.shape().rank() < 1) {
      throw context.error("input is a scalar");
    }
    long width = x.shape().dim(-1);
    Shape shape = x.shape().with(-1, indices.size());
    Tensor y =
        context.allocate(x.dtype(), x.shape().rank() == 1 ? Shape.of(1, indices.size()) : shape);
    for (long i = 0; i < y.size(); i++) {
      long index = indices.getLong(i % indices.size());
      if (index < 0 || index >= width) {
        throw context.error("index " + index + " is outside an axis of " + width);
      }
      StridedCopy.element(x, i / indices.size() * width + index, y, i);
    }
    return y;
  }
}
