package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** An operator that gives the index of the extreme element along one axis. */
abstract class ArgReduction extends StandardOperator {
  private final boolean largest;

  ArgReduction(String opType, boolean largest, int... versions) {
    super(opType, versions);
    this.largest = largest;
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (dims == null) {
        return List.of(Inferred.tensor(DType.INT64, null));
      }
      List<Dim> result = new ArrayList<>(dims);
      int axis = Dims.axis(context, context.node().intAttribute("axis", 0), dims.size());
      if (context.node().intAttribute("keepdims", 1) != 0) {
        result.set(axis, Dim.of(1));
      } else {
        result.remove(axis);
      }
      return List.of(Inferred.tensor(DType.INT64, result));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Shape shape = x.shape();
      int axis = Axes.normalize(context, context.node().intAttribute("axis", 0), shape.rank());
      boolean last = context.node().intAttribute("select_last_index", 0) != 0;
      long size = shape.dim(axis);
      long outer = shape.size(0, axis);
      long inner = shape.size(axis + 1, shape.rank());
      if (size == 0 && outer * inner > 0) {
        throw context.error("axis " + axis + " of " + x + " is empty");
      }
      Tensor y = context.allocate(DType.INT64, shape.with(axis, 1));
      for (long i = 0; i < outer; i++) {
        for (long j = 0; j < inner; j++) {
          y.setLong(i * inner + j, best(x, i * size * inner + j, inner, size, last));
        }
      }
      if (context.node().intAttribute("keepdims", 1) != 0) {
        return List.of(y);
      }
      long[] dims = new long[shape.rank() - 1];
      for (int i = 0; i < dims.length; i++) {
        dims[i] = shape.dim(i < axis ? i : i + 1);
      }
      return List.of(y.reshape(Axes.shape(context, dims)));
    });
  }

  private long best(Tensor x, long from, long step, long size, boolean last) {
    long best = 0;
    if (x.dtype().isFloat()) {
      double value = x.getDouble(from);
      for (long i = 1; i < size; i++) {
        double other = x.getDouble(from + i * step);
        if ((largest ? other > value : other < value) || last && other == value) {
          best = i;
          value = other;
        }
      }
      return best;
    }
    long flip = x.dtype() == DType.UINT64 ? Long.MIN_VALUE : 0;
    long value = x.getLong(from) ^ flip;
    for (long i = 1; i < size; i++) {
      long other = x.getLong(from + i * step) ^ flip;
      if ((largest ? other > value : other < value) || last && other == value) {
        best = i;
        value = other;
      }
    }
    return best;
  }
}
