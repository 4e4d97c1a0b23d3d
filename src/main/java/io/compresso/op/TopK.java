package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;

/** The {@code k} largest or smallest elements along an axis and their indices, best first. */
final class TopK extends StandardOperator {
  TopK() {
    super("TopK", 1, 10, 11, 24);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      List<Dim> result = null;
      if (dims != null) {
        int axis = Dims.axis(context, context.node().intAttribute("axis", -1), dims.size());
        List<Dim> k = context.opset() < 10 ? null : Dims.elements(context, 1);
        result = new ArrayList<>(dims);
        result.set(
            axis,
            context.opset() < 10
                ? Dim.of(context.node().intAttribute("k", 0))
                : k == null || k.size() != 1 ? Dim.UNKNOWN : k.getFirst());
      }
      return List.of(Dims.tensor(context.dtype(0), result), Inferred.tensor(DType.INT64, result));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Shape shape = x.shape();
      int axis = Axes.normalize(context, context.node().intAttribute("axis", -1), shape.rank());
      long k =
          context.opset() < 10 ? context.node().intAttribute("k", 0) : context.tensor(1).getLong(0);
      boolean largest = context.node().intAttribute("largest", 1) != 0;
      long size = shape.dim(axis);
      if (k < 0 || k > size) {
        throw context.error("k is " + k + " for an axis of size " + size);
      }
      Tensor values = context.allocate(x.dtype(), shape.with(axis, k));
      Tensor indices = context.allocate(DType.INT64, shape.with(axis, k));
      long inner = shape.size(axis + 1, shape.rank());
      for (long i = 0; i < shape.size(0, axis); i++) {
        for (long j = 0; j < inner; j++) {
          long from = i * size * inner + j;
          long to = i * k * inner + j;
          for (long index : best(x, from, inner, size, (int) k, largest)) {
            StridedCopy.element(x, from + index * inner, values, to);
            indices.setLong(to, index);
            to += inner;
          }
        }
      }
      return List.of(values, indices);
    });
  }

  private static List<Long> best(
      Tensor x, long from, long step, long size, int k, boolean largest) {
    Comparator<Long> byValue = (a, b) -> Elements.compare(x, from + a * step, x, from + b * step);
    Comparator<Long> bestFirst =
        (largest ? byValue.reversed() : byValue).thenComparing(Comparator.naturalOrder());
    PriorityQueue<Long> kept = new PriorityQueue<>(k + 1, bestFirst.reversed());
    for (long i = 0; i < size && k > 0; i++) {
      if (kept.size() < k) {
        kept.add(i);
      } else if (bestFirst.compare(i, kept.element()) < 0) {
        kept.remove();
        kept.add(i);
      }
    }
    List<Long> sorted = new ArrayList<>(kept);
    sorted.sort(bestFirst);
    return sorted;
  }
}
