package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** For each index, the element of its line along an axis. */
final class GatherElements extends StandardOperator {
  GatherElements() {
    super("GatherElements", 11, 13);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Dims.tensor(context.dtype(0), context.dims(1)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Tensor indices = context.tensor(1);
      int rank = x.shape().rank();
      int axis = Axes.normalize(context, context.node().intAttribute("axis", 0), rank);
      Tensor y = context.allocate(x.dtype(), indices.shape());
      Lines lines = Lines.of(context, x.shape(), indices.shape(), axis);
      for (long i = 0; i < indices.size(); i++) {
        StridedCopy.element(x, lines.at(context, indices.getLong(i)), y, i);
        lines.advance();
      }
      return List.of(y);
    });
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }

  /** Walks the indices and keeps where their line starts in the data. */
  static final class Lines {
    private final Shape indices;
    private final long[] strides;
    private final long[] position;
    private final int axis;
    private final long size;
    private long start;

    private Lines(Shape data, Shape indices, int axis) {
      this.indices = indices;
      this.strides = data.strides();
      this.position = new long[indices.rank()];
      this.axis = axis;
      this.size = data.dim(axis);
    }

    static Lines of(OpContext context, Shape data, Shape indices, int axis) {
      boolean fits = data.rank() == indices.rank();
      for (int i = 0; fits && i < data.rank(); i++) {
        fits = i == axis || indices.dim(i) <= data.dim(i);
      }
      if (!fits) {
        throw context.error("indices " + indices + " do not fit data " + data);
      }
      return new Lines(data, indices, axis);
    }

    /** Where the element with {@code index} on the axis lies in the data. */
    long at(OpContext context, long index) {
      return start + Elements.index(context, index, size) * strides[axis];
    }

    void advance() {
      for (int i = position.length - 1; i >= 0; i--) {
        long step = i == axis ? 0 : strides[i];
        if (++position[i] < indices.dim(i)) {
          start += step;
          return;
        }
        start -= (position[i] - 1) * step;
        position[i] = 0;
      }
    }
  }
}
