package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Removes axes of size 1: the given ones, or all where none is given. */
final class Squeeze extends StandardOperator {
  Squeeze() {
    super("Squeeze", 1, 11, 13, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      long[] axes = Axes.ints(context, "axes", 1);
      boolean given = Axes.given(context.node(), "axes", 1);
      if (axes != null && axes.length == 0) {
        axes = null;
        given = false;
      }
      if (dims == null || given && axes == null) {
        return List.of(
            new Inferred(Dims.tensor(context.dtype(0), null).type(), context.input(0).elements()));
      }
      List<Dim> result = new ArrayList<>();
      boolean[] removed = new boolean[dims.size()];
      if (axes == null) {
        for (int i = 0; i < removed.length; i++) {
          if (dims.get(i).sizeOrNull() == null) {
            return List.of(Dims.tensor(context.dtype(0), null));
          }
          removed[i] = Dim.of(1).equals(dims.get(i));
        }
      } else {
        for (long axis : axes) {
          int i = Dims.axis(context, axis, dims.size());
          Long size = dims.get(i).sizeOrNull();
          if (size != null && size != 1) {
            throw context.error("axis " + axis + " has size " + size + ", not 1");
          }
          removed[i] = true;
        }
      }
      for (int i = 0; i < removed.length; i++) {
        if (!removed[i]) {
          result.add(dims.get(i));
        }
      }
      return List.of(
          new Inferred(Dims.tensor(context.dtype(0), result).type(), context.input(0).elements()));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      int rank = x.shape().rank();
      long[] axes = Axes.ints(context, "axes", 1);
      boolean all = axes == null || axes.length == 0;
      boolean[] removed = new boolean[rank];
      for (int i = 0; i < rank; i++) {
        removed[i] = all && x.shape().dim(i) == 1;
      }
      if (axes != null) {
        for (long axis : axes) {
          int i = Axes.normalize(context, axis, rank);
          if (x.shape().dim(i) != 1) {
            throw context.error("axis " + axis + " of " + x + " has not size 1");
          }
          removed[i] = true;
        }
      }
      List<Long> dims = new ArrayList<>();
      for (int i = 0; i < rank; i++) {
        if (!removed[i]) {
          dims.add(x.shape().dim(i));
        }
      }
      return List.of(
          x.reshape(Axes.shape(context, dims.stream().mapToLong(Long::longValue).toArray())));
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
