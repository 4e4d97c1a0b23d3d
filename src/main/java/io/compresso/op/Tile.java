package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Repeats a tensor along each axis. */
final class Tile extends StandardOperator {
  Tile() {
    super("Tile", 1, 6, 13);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      List<Dim> repeats = Dims.elements(context, 1);
      if (dims == null || repeats == null) {
        return List.of(
            Dims.tensor(context.dtype(0), dims == null ? null : Dims.unknown(dims.size())));
      }
      if (repeats.size() != dims.size()) {
        throw context.error(repeats.size() + " repeats for rank " + dims.size());
      }
      List<Dim> result = new ArrayList<>();
      for (int i = 0; i < dims.size(); i++) {
        result.add(Dims.product(List.of(dims.get(i), repeats.get(i))));
      }
      return List.of(Dims.tensor(context.dtype(0), result));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      int rank = x.shape().rank();
      long[] repeats = context.tensor(1).toLongs();
      if (repeats.length != rank) {
        throw context.error(repeats.length + " repeats for rank " + rank);
      }
      long[] own = x.shape().strides();
      long[] result = new long[rank];
      long[] dims = new long[2 * rank];
      long[] steps = new long[2 * rank];
      for (int i = 0; i < rank; i++) {
        dims[2 * i] = repeats[i];
        dims[2 * i + 1] = x.shape().dim(i);
        steps[2 * i + 1] = own[i];
        result[i] = repeats[i] * x.shape().dim(i);
      }
      Tensor y = context.allocate(x.dtype(), Axes.shape(context, result));
      StridedCopy.box(x, 0, steps, y, 0, Axes.shape(context, dims).strides(), dims);
      return List.of(y);
    });
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }
}
