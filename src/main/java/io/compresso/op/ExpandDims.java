package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Inserts an axis of size 1 at the place of the result that a scalar input names. */
final class ExpandDims extends MicrosoftOperator {
  @Override
  public String opType() {
    return "ExpandDims";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (dims == null) {
        return List.of(Dims.tensor(context.dtype(0), null));
      }
      long[] axis = Dims.longs(context, 1);
      if (axis == null || axis.length != 1) {
        return List.of(Dims.tensor(context.dtype(0), Dims.unknown(dims.size() + 1)));
      }
      List<Dim> result = new ArrayList<>(dims);
      result.add(Dims.axis(context, axis[0], dims.size() + 1), Dim.of(1));
      return List.of(Dims.tensor(context.dtype(0), result));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Tensor axis = context.tensor(1);
      if (axis.size() != 1) {
        throw context.error("axis " + axis + " is not one element");
      }
      int rank = x.shape().rank();
      int at = Axes.normalize(context, axis.getLong(0), rank + 1);
      long[] dims = new long[rank + 1];
      for (int i = 0; i <= rank; i++) {
        dims[i] = i == at ? 1 : x.shape().dim(i < at ? i : i - 1);
      }
      return List.of(x.reshape(Axes.shape(context, dims)));
    });
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowered.view();
  }
}
