package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Puts the results of {@link MaxPool} back to where its indices say; zeros elsewhere. */
final class MaxUnpool implements Operator {
  @Override
  public String opType() {
    return "MaxUnpool";
  }

  @Override
  public List<Integer> versions() {
    return List.of(9, 11, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType dtype = context.dtype(0);
      List<Dim> x = context.dims(0);
      if (dtype == null) {
        return List.of(Inferred.UNKNOWN);
      }
      if (x == null) {
        return List.of(Inferred.tensor(dtype, null));
      }
      if (context.node().input(2) != null) {
        List<Dim> dims = Dims.elements(context, 2);
        return List.of(Inferred.tensor(dtype, dims == null ? Dims.unknown(x.size()) : dims));
      }
      List<Dim> dims = new ArrayList<>(x);
      for (int axis = 2; axis < dims.size(); axis++) {
        Long size = dims.get(axis).sizeOrNull();
        dims.set(
            axis,
            size == null ? Dim.UNKNOWN : Dim.of(unpooled(context.node(), size, axis, x.size())));
      }
      return List.of(Inferred.tensor(dtype, dims));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static long unpooled(Node node, long size, int axis, int rank) {
    long[] kernel = Pooling.kernel(node);
    int spatial = rank - 2;
    long[] strides = node.intsAttribute("strides");
    long[] pads = node.intsAttribute("pads");
    if (kernel.length != spatial
        || strides != null && strides.length != spatial
        || pads != null && pads.length != 2 * spatial) {
      throw new GraphException(
          node, "kernel, strides or pads do not fit " + spatial + " spatial axes");
    }
    int i = axis - 2;
    return (size - 1) * (strides == null ? 1 : strides[i])
        - (pads == null ? 0 : pads[i] + pads[i + spatial])
        + kernel[i];
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    Tensor indices = context.tensor(1);
    if (!indices.shape().equals(x.shape()) || x.shape().rank() < 3) {
      throw context.error("indices " + indices.shape() + " for input " + x.shape());
    }
    long[] dims = x.shape().dims();
    for (int axis = 2; axis < dims.length; axis++) {
      dims[axis] = unpooled(context.node(), dims[axis], axis, dims.length);
    }
    Shape pooled = Shape.of(dims);
    Tensor requested = context.tensorOrNull(2);
    Shape shape = requested == null ? pooled : Shape.of(requested.toLongs());
    if (shape.rank() != pooled.rank()) {
      throw context.error("output shape " + shape + " for input " + x.shape());
    }
    Tensor y = context.allocate(x.dtype(), shape);
    for (long i = 0; i < x.size(); i++) {
      long to = position(indices.getLong(i), pooled, shape);
      if (to < 0) {
        throw context.error(
            "index %d lies outside the output %s".formatted(indices.getLong(i), shape));
      }
      y.setDouble(to, x.getDouble(i));
    }
    return y;
  }

  /** Where element {@code index} of {@code from} lies in {@code to}, -1 when it does not. */
  private static long position(long index, Shape from, Shape to) {
    if (index < 0 || index >= from.size()) {
      return -1;
    }
    long[] strides = to.strides();
    long position = 0;
    for (int axis = from.rank() - 1; axis >= 0; axis--) {
      long coordinate = index % from.dim(axis);
      index /= from.dim(axis);
      if (coordinate >= to.dim(axis)) {
        return -1;
      }
      position += coordinate * strides[axis];
    }
    return position;
  }
}
