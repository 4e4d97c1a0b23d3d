package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A new axis on which the index of each element is marked with the on value. */
final class OneHot extends StandardOperator {
  OneHot() {
    super("OneHot", 9, 11, 28);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (dims == null) {
        return List.of(Dims.tensor(context.dtype(2), null));
      }
      List<Dim> depth = Dims.elements(context, 1);
      List<Dim> result = new ArrayList<>(dims);
      result.add(
          Dims.axis(context, context.node().intAttribute("axis", -1), dims.size() + 1),
          depth == null || depth.size() != 1 ? Dim.UNKNOWN : depth.getFirst());
      return List.of(Dims.tensor(context.dtype(2), result));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor indices = context.tensor(0);
      long depth = (long) context.tensor(1).getDouble(0);
      Tensor values = context.tensor(2);
      int rank = indices.shape().rank();
      int axis = Axes.normalize(context, context.node().intAttribute("axis", -1), rank + 1);
      if (values.size() != 2) {
        throw context.error("values " + values + " are not [off, on]");
      }
      List<Long> dims = new ArrayList<>();
      for (long dim : indices.shape().dims()) {
        dims.add(dim);
      }
      dims.add(axis, depth);
      Tensor y =
          context.allocate(
              values.dtype(),
              Axes.shape(context, dims.stream().mapToLong(Long::longValue).toArray()));
      StridedCopy.fill(values, 0, y, 0, y.size());
      long inner = indices.shape().size(axis, rank);
      for (long i = 0; i < indices.size(); i++) {
        long index = (long) indices.getDouble(i);
        if (index >= -depth && index < depth) {
          long at = index < 0 ? index + depth : index;
          StridedCopy.element(values, 1, y, (i / inner * depth + at) * inner + i % inner);
        }
      }
      return List.of(y);
    });
  }
}
