package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The indices of the elements that are not 0, one column each, in row-major order. */
final class NonZero extends StandardOperator {
  NonZero() {
    super("NonZero", 9, 13);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      Dim rank = dims == null ? Dim.UNKNOWN : Dim.of(dims.size());
      return List.of(Inferred.tensor(DType.INT64, List.of(rank, Dim.UNKNOWN)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      int rank = x.shape().rank();
      long count = 0;
      for (long i = 0; i < x.size(); i++) {
        count += x.getDouble(i) != 0 ? 1 : 0;
      }
      Tensor y = context.allocate(DType.INT64, Shape.of(rank, count));
      long column = 0;
      for (long i = 0; i < x.size(); i++) {
        if (x.getDouble(i) != 0) {
          long rest = i;
          for (int axis = rank - 1; axis >= 0; axis--) {
            y.setLong(axis * count + column, rest % x.shape().dim(axis));
            rest /= x.shape().dim(axis);
          }
          column++;
        }
      }
      return List.of(y);
    });
  }
}
