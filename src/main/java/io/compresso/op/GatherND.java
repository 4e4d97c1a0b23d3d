package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The slices of the data that index tuples name, within each element of leading batch axes. */
final class GatherND extends StandardOperator {
  GatherND() {
    super("GatherND", 11, 12, 13);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> data = context.dims(0);
      List<Dim> indices = context.dims(1);
      if (data == null || indices == null || indices.isEmpty()) {
        return List.of(Dims.tensor(context.dtype(0), null));
      }
      int batch = (int) context.node().intAttribute("batch_dims", 0);
      Long tuple = indices.getLast().sizeOrNull();
      if (tuple == null) {
        return List.of(Dims.tensor(context.dtype(0), null));
      }
      if (batch + tuple > data.size()) {
        throw context.error("tuples of " + tuple + " index rank " + data.size());
      }
      List<Dim> result = new ArrayList<>(indices.subList(0, indices.size() - 1));
      result.addAll(data.subList((int) (batch + tuple), data.size()));
      return List.of(Dims.tensor(context.dtype(0), result));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Tensor indices = context.tensor(1);
      int batch = (int) context.node().intAttribute("batch_dims", 0);
      int rank = indices.shape().rank();
      int tuple = rank == 0 ? 0 : Math.toIntExact(indices.shape().dim(-1));
      if (rank <= batch || batch + tuple > x.shape().rank()) {
        throw context.error("indices " + indices + " do not index " + x);
      }
      long[] dims = new long[rank - 1 + x.shape().rank() - batch - tuple];
      System.arraycopy(indices.shape().dims(), 0, dims, 0, rank - 1);
      System.arraycopy(x.shape().dims(), batch + tuple, dims, rank - 1, dims.length - rank + 1);
      Tensor y = context.allocate(x.dtype(), Axes.shape(context, dims));
      long slice = x.shape().size(batch + tuple, x.shape().rank());
      long perBatch = indices.shape().size(batch, rank - 1);
      long batchStride = x.shape().size(batch, x.shape().rank());
      for (long i = 0; i < indices.shape().size(0, rank - 1); i++) {
        long from =
            i / perBatch * batchStride + offset(context, x.shape(), indices, i, batch, tuple);
        StridedCopy.run(x, from, y, i * slice, slice);
      }
      return List.of(y);
    });
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }

  /** Where the slice that tuple {@code i} names starts, relative to its batch element. */
  static long offset(OpContext context, Shape data, Tensor indices, long i, int batch, int tuple) {
    long[] strides = data.strides();
    long offset = 0;
    for (int j = 0; j < tuple; j++) {
      long index = indices.getLong(i * tuple + j);
      offset += Elements.index(context, index, data.dim(batch + j)) * strides[batch + j];
    }
    return offset;
  }
}
