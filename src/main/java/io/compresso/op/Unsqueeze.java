package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Inserts axes of size 1, at the given places of the result. */
final class Unsqueeze extends StandardOperator {
  Unsqueeze() {
    super("Unsqueeze", 1, 11, 13, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      long[] axes = Axes.ints(context, "axes", 1);
      if (dims == null || axes == null) {
        Integer more = axes == null ? Dims.length(context, 1) : Integer.valueOf(axes.length);
        return List.of(
            new Inferred(
                Dims.tensor(
                        context.dtype(0),
                        dims == null || more == null ? null : Dims.unknown(dims.size() + more))
                    .type(),
                context.input(0).elements()));
      }
      int rank = dims.size() + axes.length;
      boolean[] inserted = new boolean[rank];
      for (long axis : axes) {
        int i = Dims.axis(context, axis, rank);
        if (inserted[i]) {
          throw context.error("axis " + axis + " is given twice");
        }
        inserted[i] = true;
      }
      List<Dim> result = new ArrayList<>();
      int next = 0;
      for (int i = 0; i < rank; i++) {
        result.add(inserted[i] ? Dim.of(1) : dims.get(next++));
      }
      return List.of(
          new Inferred(
              Dims.tensor(context.dtype(0), result).type(),
              rank <= 1 ? context.input(0).elements() : null));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      long[] axes = Axes.ints(context, "axes", 1);
      if (axes == null) {
        throw context.error("axes are missing");
      }
      int rank = x.shape().rank() + axes.length;
      boolean[] inserted = new boolean[rank];
      for (int axis : Axes.normalize(context, axes, rank)) {
        inserted[axis] = true;
      }
      long[] dims = new long[rank];
      int next = 0;
      for (int i = 0; i < rank; i++) {
        dims[i] = inserted[i] ? 1 : x.shape().dim(next++);
      }
      return List.of(x.reshape(Axes.shape(context, dims)));
    });
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowered.view();
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }
}
