package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.LongStream;

/**
 * The distinct slices of an axis, or elements, sorted or in order of appearance; their first
 * indices, which of them each slice is, and how often each appears.
 */
final class Unique extends StandardOperator {
  Unique() {
    super("Unique", 11, 28);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      List<Dim> distinct = null;
      if (!context.node().attributes().containsKey("axis")) {
        distinct = Dims.unknown(1);
      } else if (dims != null) {
        distinct = new ArrayList<>(dims);
        distinct.set(
            Dims.axis(context, context.node().intAttribute("axis", 0), dims.size()), Dim.UNKNOWN);
      }
      Inferred indices = Inferred.tensor(DType.INT64, Dims.unknown(1));
      return List.of(Dims.tensor(context.dtype(0), distinct), indices, indices, indices);
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      boolean flat = !context.node().attributes().containsKey("axis");
      Tensor data = flat ? x.reshape(Shape.of(x.size())) : x;
      int axis =
          Axes.normalize(context, context.node().intAttribute("axis", 0), data.shape().rank());
      return unique(context, data, axis);
    });
  }

  private static List<Tensor> unique(OpContext context, Tensor x, int axis) {
    long size = x.shape().dim(axis);
    TreeMap<Long, List<Long>> groups = new TreeMap<>(order(x, axis));
    for (long i = 0; i < size; i++) {
      groups.computeIfAbsent(i, _ -> new ArrayList<>()).add(i);
    }
    List<List<Long>> found = new ArrayList<>(groups.values());
    if (context.node().intAttribute("sorted", 1) == 0) {
      found.sort(Comparator.comparing(List::getFirst));
    }
    long[] first = found.stream().mapToLong(List::getFirst).toArray();
    long[] inverse = new long[Math.toIntExact(size)];
    for (int i = 0; i < found.size(); i++) {
      for (long index : found.get(i)) {
        inverse[(int) index] = i;
      }
    }
    long[] counts = found.stream().mapToLong(List::size).toArray();
    return List.of(
        Gather.take(context, x, axis, first.clone()),
        Tensor.ofLongs(Shape.of(first.length), first),
        Tensor.ofLongs(Shape.of(inverse.length), inverse),
        Tensor.ofLongs(Shape.of(counts.length), counts));
  }

  private static Comparator<Long> order(Tensor x, int axis) {
    long inner = x.shape().size(axis + 1, x.shape().rank());
    long outer = x.shape().size(0, axis);
    long step = x.shape().dim(axis) * inner;
    return (a, b) ->
        LongStream.range(0, outer * inner)
            .mapToInt(i -> {
              long base = i / inner * step + i % inner;
              return Elements.compare(x, base + a * inner, x, base + b * inner);
            })
            .filter(order -> order != 0)
            .findFirst()
            .orElse(0);
  }
}
