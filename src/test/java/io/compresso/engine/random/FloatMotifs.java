package io.compresso.engine.random;

import io.compresso.engine.random.GraphPen.V;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Pieces of networks in single precision. */
final class FloatMotifs {
  private final GraphPen pen;
  private final ImageMotifs images;
  private final SequenceMotifs sequences;

  FloatMotifs(GraphPen pen) {
    this.pen = pen;
    this.images = new ImageMotifs(pen);
    this.sequences = new SequenceMotifs(pen);
  }

  /** An image, a sequence, a matrix or a volume. */
  V input(String name) {
    long batch = 1 + pen.pick(3);
    return switch (pen.pick(6)) {
      case 0, 1, 2 ->
          pen.input(
              name,
              DType.FLOAT,
              batch,
              pen.oneOf(3L, 4L, 6L, 8L, 16L),
              4 + pen.pick(9),
              4 + pen.pick(9));
      case 3, 4 ->
          pen.input(name, DType.FLOAT, batch, 1 + pen.pick(9), pen.oneOf(6L, 8L, 12L, 16L));
      default -> pen.input(name, DType.FLOAT, batch, 1 + pen.pick(20));
    };
  }

  /** Adds a piece that reads {@code from}, and perhaps other values. */
  V motif(V from, List<V> values) {
    if (from.rank() == 0) {
      return elementwise(from, values);
    }
    return switch (pen.pick(5)) {
      case 0 -> elementwise(from, values);
      case 1 -> pen.once(2) ? movement(from, values) : reduction(from);
      default ->
          switch (from.rank()) {
            case 4 -> images.motif(from, values);
            case 3 -> sequences.motif(from);
            case 2 -> matrix(from);
            default -> elementwise(from, values);
          };
    };
  }

  V unary(V x) {
    return switch (pen.pick(16)) {
      case 0, 1, 2 -> pen.like("Relu %", List.of(x));
      case 3 -> pen.like("Sigmoid %", List.of(x));
      case 4 -> pen.like("Tanh %", List.of(x));
      case 5 -> pen.like("Clip % % %", List.of(x, pen.scalar(-0.4), pen.scalar(0.6)));
      case 6 -> pen.like("Clip % % %", List.of(x, pen.scalar(0), pen.scalar(6)));
      case 7 -> pen.like("LeakyRelu %", List.of(x), "alpha", 0.1f);
      case 8 -> pen.like("HardSwish %", List.of(x));
      case 9 -> pen.like("Mul % %", List.of(x, pen.like("Sigmoid %", List.of(x))));
      case 10 -> pen.like("Exp %", List.of(pen.like("Tanh %", List.of(x))));
      case 11 -> pen.like("Sqrt %", List.of(pen.like("Abs %", List.of(x))));
      case 12 -> pen.like("Neg %", List.of(x));
      case 13 -> pen.like("Erf %", List.of(x));
      case 14 -> pen.like("Elu %", List.of(x));
      default -> pen.like("HardSigmoid %", List.of(x));
    };
  }

  private V elementwise(V x, List<V> values) {
    return switch (pen.pick(8)) {
      case 0, 1, 2 -> unary(x);
      case 3 -> pen.like(operator(), List.of(x, pen.scalar(pen.oneOf(0.5, -1.25, 1.0, 2.0))));
      case 4 -> pen.like(operator(), List.of(x, broadcastable(x)));
      case 5 -> pen.like(operator(), List.of(x, sameShape(x, values)));
      case 6 -> {
        V other = sameShape(x, values);
        V larger = pen.node(DType.BOOL, x.shape(), "Greater % %", List.of(x, pen.scalar(0.05)));
        yield pen.node(x.dtype(), x.shape(), "Where % % %", List.of(larger, other, x));
      }
      default ->
          pen.like(pen.oneOf("Max % %", "Min % %", "Sum % %"), List.of(x, sameShape(x, values)));
    };
  }

  private String operator() {
    return pen.oneOf("Add % %", "Add % %", "Mul % %", "Sub % %");
  }

  /** A constant that broadcasts to the value's shape. */
  private V broadcastable(V x) {
    int rank = pen.pick(x.rank() + 1);
    long[] dims = new long[rank];
    for (int i = 0; i < rank; i++) {
      dims[i] = pen.once(3) ? 1 : x.dim(x.rank() - rank + i);
    }
    return pen.weights(1, dims);
  }

  /** Another value of the same shape, or the value itself. */
  static V sameShape(V x, List<V> values) {
    return values.stream()
        .filter(value -> value.dtype() == x.dtype() && value.shape().equals(x.shape()))
        .findFirst()
        .orElse(x);
  }

  private V movement(V x, List<V> values) {
    return switch (pen.pick(10)) {
      case 0 -> transpose(x);
      case 1 -> {
        V flat = pen.node(x.dtype(), List.of(x.size()), "Reshape % %", List.of(x, pen.longs(-1)));
        yield pen.node(x.dtype(), x.shape(), "Reshape % %", List.of(flat, pen.longs(x.dims())));
      }
      case 2 -> flatten(x);
      case 3 -> slice(x);
      case 4 -> concat(x, sameShape(x, values));
      case 5 -> split(x);
      case 6 -> squeeze(x);
      case 7 -> shaped(x);
      case 8 -> pen.like("Identity %", List.of(x));
      default -> gather(x);
    };
  }

  private V transpose(V x) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < x.rank(); i++) {
      order.add(pen.pick(i + 1), i);
    }
    long[] perm = order.stream().mapToLong(Integer::longValue).toArray();
    List<Long> shape = order.stream().map(x::dim).toList();
    return pen.node(x.dtype(), shape, "Transpose %", List.of(x), "perm", perm);
  }

  private V flatten(V x) {
    int axis = pen.pick(x.rank() + 1);
    long rows = x.shape().subList(0, axis).stream().reduce(1L, (a, b) -> a * b);
    return pen.node(
        x.dtype(), List.of(rows, x.size() / rows), "Flatten %", List.of(x), "axis", axis);
  }

  private V slice(V x) {
    int axis = pen.pick(x.rank());
    long size = x.dim(axis);
    long start = pen.pick((int) size);
    long end = start + 1 + pen.pick((int) (size - start));
    V axes = pen.longs(axis);
    return pen.node(
        x.dtype(),
        with(x, axis, end - start),
        "Slice % % % %",
        List.of(x, pen.longs(start), pen.longs(end), axes));
  }

  private V concat(V x, V other) {
    int axis = pen.pick(x.rank());
    return pen.node(
        x.dtype(),
        with(x, axis, 2 * x.dim(axis)),
        "Concat % %",
        List.of(x, other),
        "axis",
        pen.once(2) ? axis : axis - x.rank());
  }

  private V split(V x) {
    int axis = pen.pick(x.rank());
    long size = x.dim(axis);
    if (size < 2) {
      return pen.like("Relu %", List.of(x));
    }
    long first = 1 + pen.pick((int) size - 1);
    List<V> parts =
        pen.nodes(
            x.dtype(),
            List.of(with(x, axis, first), with(x, axis, size - first)),
            "Split % %",
            List.of(x, pen.longs(first, size - first)),
            "axis",
            axis);
    V second = pen.like("Tanh %", List.of(parts.get(1)));
    return pen.node(
        x.dtype(), x.shape(), "Concat % %", List.of(second, parts.get(0)), "axis", axis);
  }

  private V squeeze(V x) {
    int axis = pen.pick(x.rank() + 1);
    List<Long> wide = new ArrayList<>(x.shape());
    wide.add(axis, 1L);
    V unsqueezed = pen.node(x.dtype(), wide, "Unsqueeze % %", List.of(x, pen.longs(axis)));
    V changed = x.rank() < 4 && pen.once(2) ? unary(unsqueezed) : unsqueezed;
    return pen.node(x.dtype(), x.shape(), "Squeeze % %", List.of(changed, pen.longs(axis)));
  }

  /** A reshape to a shape that is computed from the value's own. */
  private V shaped(V x) {
    V shape = pen.node(DType.INT64, List.of((long) x.rank()), "Shape %", List.of(x));
    V zero = pen.constant(Tensor.scalar(0L));
    V batch = pen.node(DType.INT64, List.of(), "Gather % %", List.of(shape, zero));
    V list = pen.node(DType.INT64, List.of(1L), "Unsqueeze % %", List.of(batch, pen.longs(0)));
    V target =
        pen.node(DType.INT64, List.of(2L), "Concat % %", List.of(list, pen.longs(-1)), "axis", 0);
    List<Long> flat = List.of(x.dim(0), x.size() / x.dim(0));
    return pen.node(x.dtype(), flat, "Reshape % %", List.of(x, target));
  }

  private V gather(V x) {
    int axis = pen.pick(x.rank());
    int count = 1 + pen.pick(3);
    long[] indices = new long[count];
    for (int i = 0; i < count; i++) {
      indices[i] = pen.pick((int) x.dim(axis));
    }
    V index = pen.constant(Tensor.ofLongs(Shape.of(count), indices));
    return pen.node(x.dtype(), with(x, axis, count), "Gather % %", List.of(x, index), "axis", axis);
  }

  static List<Long> with(V x, int axis, long dim) {
    List<Long> shape = new ArrayList<>(x.shape());
    shape.set(axis < 0 ? axis + x.rank() : axis, dim);
    return shape;
  }

  private V reduction(V x) {
    List<Integer> axes = new ArrayList<>();
    for (int i = 0; i < x.rank(); i++) {
      axes.add(i);
    }
    Collections.rotate(axes, pen.pick(x.rank()));
    List<Integer> chosen = axes.subList(0, 1 + pen.pick(x.rank()));
    boolean keep = pen.once(2);
    List<Long> shape = new ArrayList<>();
    for (int i = 0; i < x.rank(); i++) {
      if (!chosen.contains(i)) {
        shape.add(x.dim(i));
      } else if (keep) {
        shape.add(1L);
      }
    }
    V reduced =
        pen.node(
            x.dtype(),
            shape,
            pen.oneOf("ReduceMean %", "ReduceMax %", "ReduceMin %", "ReduceL2 %"),
            List.of(x),
            "axes",
            chosen.stream().mapToLong(Integer::longValue).sorted().toArray(),
            "keepdims",
            keep ? 1 : 0);
    return keep ? pen.node(x.dtype(), x.shape(), "Sub % %", List.of(x, reduced)) : reduced;
  }

  private V matrix(V x) {
    long in = x.dim(1);
    long out = 1 + pen.pick(24);
    double range = 1.7 / Math.sqrt(in);
    boolean transposed = pen.once(2);
    V weights = transposed ? pen.weights(range, out, in) : pen.weights(range, in, out);
    List<Long> shape = List.of(x.dim(0), out);
    V y =
        switch (pen.pick(3)) {
          case 0 ->
              pen.node(
                  x.dtype(),
                  shape,
                  "MatMul % %",
                  List.of(x, transposed ? pen.weights(range, in, out) : weights));
          case 1 ->
              pen.node(
                  x.dtype(), shape, "Gemm % %", List.of(x, weights), "transB", transposed ? 1 : 0);
          default ->
              pen.node(
                  x.dtype(),
                  shape,
                  "Gemm % % %",
                  List.of(x, weights, pen.oneOf(pen.weights(1, out), pen.weights(1, 1, out))),
                  "transB",
                  transposed ? 1 : 0,
                  "alpha",
                  pen.oneOf(1f, 1f, 0.5f),
                  "beta",
                  pen.oneOf(1f, 1f, 2f));
        };
    return switch (pen.pick(4)) {
      case 0 -> pen.like("Softmax %", List.of(y), "axis", pen.oneOf(-1, 1, 0));
      case 1 -> pen.like("Add % %", List.of(y, pen.weights(1, out)));
      case 2 -> unary(y);
      default -> y;
    };
  }
}
