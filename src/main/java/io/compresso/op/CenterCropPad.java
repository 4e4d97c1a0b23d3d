package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Crops or zero-pads axes around their centre to given sizes. */
final class CenterCropPad implements Operator {
  @Override
  public String opType() {
    return "CenterCropPad";
  }

  @Override
  public List<Integer> versions() {
    return List.of(18);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType dtype = context.dtype(0);
      List<Dim> x = context.dims(0);
      if (dtype == null || x == null) {
        return List.of(Dims.tensor(dtype, null));
      }
      List<Dim> dims = new ArrayList<>(x);
      List<Dim> sizes = Dims.elements(context, 1);
      long[] axes = axes(context.node().intsAttribute("axes"), x.size());
      for (int i = 0; i < axes.length; i++) {
        dims.set(
            Dims.axis(context, axes[i], x.size()),
            sizes == null || i >= sizes.size() ? Dim.UNKNOWN : sizes.get(i));
      }
      return List.of(Inferred.tensor(dtype, dims));
    };
  }

  private static long[] axes(long @Nullable [] axes, int rank) {
    return axes == null ? IntStream.range(0, rank).asLongStream().toArray() : axes;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    long[] sizes = context.tensor(1).toLongs();
    int rank = x.shape().rank();
    long[] axes = axes(context.node().intsAttribute("axes"), rank);
    if (sizes.length != axes.length) {
      throw context.error(sizes.length + " sizes for " + axes.length + " axes");
    }
    long[] dims = x.shape().dims();
    long[] extent = x.shape().dims();
    long[] strides = x.shape().strides();
    for (int i = 0; i < axes.length; i++) {
      int axis = Axes.normalize(context, axes[i], rank);
      dims[axis] = sizes[i];
      extent[axis] = Math.min(extent[axis], sizes[i]);
    }
    Shape shape = Axes.shape(context, dims);
    long[] toStrides = shape.strides();
    long from = 0;
    long to = 0;
    for (int axis = 0; axis < rank; axis++) {
      from += Math.max(0, (x.shape().dim(axis) - dims[axis]) / 2) * strides[axis];
      to += Math.max(0, (dims[axis] - x.shape().dim(axis)) / 2) * toStrides[axis];
    }
    Tensor y = context.allocate(x.dtype(), shape);
    StridedCopy.box(x, from, strides, y, to, toStrides, extent);
    return y;
  }
}
