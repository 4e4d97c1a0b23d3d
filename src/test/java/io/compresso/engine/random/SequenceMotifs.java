package io.compresso.engine.random;

import io.compresso.engine.random.GraphPen.V;
import java.util.List;

/** Pieces of transformers and recurrent networks over {@code [N, T, D]}. */
final class SequenceMotifs {
  private final GraphPen pen;

  SequenceMotifs(GraphPen pen) {
    this.pen = pen;
  }

  V motif(V x) {
    return switch (pen.pick(8)) {
      case 0 -> pen.like("Add % %", List.of(x, dense(x, x.dim(2))));
      case 1 -> gelu(dense(x, 1 + pen.pick(20)));
      case 2, 3 ->
          normalization(pen.once(2) ? pen.like("Add % %", List.of(x, dense(x, x.dim(2)))) : x);
      case 4 -> pen.like("Softmax %", List.of(x), "axis", pen.oneOf(-1, 1, 2, 0));
      case 5 -> attention(x);
      case 6 -> recurrent(x);
      default -> dense(x, 1 + pen.pick(20));
    };
  }

  private V dense(V x, long out) {
    V weights = pen.weights(1.7 / Math.sqrt(x.dim(2)), x.dim(2), out);
    V product = pen.node(x.dtype(), FloatMotifs.with(x, 2, out), "MatMul % %", List.of(x, weights));
    V bias = pen.weights(0.5, out);
    return switch (pen.pick(4)) {
      case 0 -> product;
      case 1 -> pen.node(x.dtype(), product.shape(), "Add % %", List.of(bias, product));
      case 2 -> pen.like("Relu %", List.of(pen.like("Add % %", List.of(product, bias))));
      default -> pen.like("Add % %", List.of(product, bias));
    };
  }

  private V gelu(V x) {
    if (pen.once(3)) {
      V cube = pen.like("Mul % %", List.of(pen.like("Mul % %", List.of(x, x)), x));
      V inner =
          pen.like("Add % %", List.of(x, pen.like("Mul % %", List.of(cube, pen.scalar(0.044715)))));
      V tanh =
          pen.like(
              "Tanh %",
              List.of(pen.like("Mul % %", List.of(inner, pen.scalar(Math.sqrt(2 / Math.PI))))));
      V half = pen.like("Mul % %", List.of(x, pen.scalar(0.5)));
      return pen.like("Mul % %", List.of(half, pen.like("Add % %", List.of(tanh, pen.scalar(1)))));
    }
    V erf = pen.like("Erf %", List.of(pen.like("Div % %", List.of(x, pen.scalar(Math.sqrt(2))))));
    V shifted = pen.like("Add % %", List.of(erf, pen.scalar(1)));
    return pen.once(2)
        ? pen.like("Mul % %", List.of(pen.like("Mul % %", List.of(x, shifted)), pen.scalar(0.5)))
        : pen.like("Mul % %", List.of(pen.like("Mul % %", List.of(x, pen.scalar(0.5))), shifted));
  }

  private V normalization(V x) {
    long width = x.dim(2);
    V scale = pen.weights(1, width);
    V offset = pen.weights(0.5, width);
    List<Long> row = FloatMotifs.with(x, 2, 1);
    switch (pen.pick(3)) {
      case 0 -> {
        return pen.like("LayerNormalization % % %", List.of(x, scale, offset), "axis", -1);
      }
      case 1 -> {
        V mean =
            pen.node(
                x.dtype(), row, "ReduceMean %", List.of(x), "axes", new long[] {-1}, "keepdims", 1);
        V centred = pen.like("Sub % %", List.of(x, mean));
        V square = pen.like("Pow % %", List.of(centred, pen.scalar(2)));
        V variance =
            pen.node(
                x.dtype(),
                row,
                "ReduceMean %",
                List.of(square),
                "axes",
                new long[] {-1},
                "keepdims",
                1);
        V deviation =
            pen.like("Sqrt %", List.of(pen.like("Add % %", List.of(variance, pen.scalar(1e-3)))));
        V normal = pen.like("Div % %", List.of(centred, deviation));
        return pen.like("Add % %", List.of(pen.like("Mul % %", List.of(normal, scale)), offset));
      }
      default -> {
        V square = pen.like("Mul % %", List.of(x, x));
        V mean =
            pen.node(
                x.dtype(),
                row,
                "ReduceMean %",
                List.of(square),
                "axes",
                new long[] {-1},
                "keepdims",
                1);
        V root = pen.like("Sqrt %", List.of(pen.like("Add % %", List.of(mean, pen.scalar(1e-3)))));
        V inverse = pen.like("Reciprocal %", List.of(root));
        V normal = pen.like("Mul % %", List.of(x, inverse));
        return pen.like("Mul % %", List.of(normal, scale));
      }
    }
  }

  private V attention(V x) {
    long width = x.dim(2);
    long heads = width % 2 == 0 ? 2 : 1;
    long depth = width / heads;
    V query = heads(dense(x, width), heads, 0, 2, 1, 3);
    V key = heads(dense(x, width), heads, 0, 2, 3, 1);
    V value = heads(dense(x, width), heads, 0, 2, 1, 3);
    List<Long> square = List.of(x.dim(0), heads, x.dim(1), x.dim(1));
    V scores = pen.node(x.dtype(), square, "MatMul % %", List.of(query, key));
    V scaled =
        pen.once(2)
            ? pen.like("Div % %", List.of(scores, pen.scalar(Math.sqrt(depth))))
            : pen.like("Mul % %", List.of(scores, pen.scalar(1 / Math.sqrt(depth))));
    if (pen.once(2)) {
      scaled = pen.like("Add % %", List.of(scaled, pen.weights(3, x.dim(1), x.dim(1))));
    }
    V shares = pen.like("Softmax %", List.of(scaled), "axis", -1);
    V context = pen.node(x.dtype(), value.shape(), "MatMul % %", List.of(shares, value));
    V moved =
        pen.node(
            x.dtype(),
            List.of(x.dim(0), x.dim(1), heads, depth),
            "Transpose %",
            List.of(context),
            "perm",
            new long[] {0, 2, 1, 3});
    V joined =
        pen.node(x.dtype(), x.shape(), "Reshape % %", List.of(moved, pen.longs(0, 0, width)));
    return pen.like("Add % %", List.of(x, dense(joined, width)));
  }

  private V heads(V x, long heads, long... perm) {
    List<Long> shape = List.of(x.dim(0), x.dim(1), heads, x.dim(2) / heads);
    V apart =
        pen.node(
            x.dtype(), shape, "Reshape % %", List.of(x, pen.longs(0, 0, heads, x.dim(2) / heads)));
    List<Long> moved =
        java.util.Arrays.stream(perm).mapToObj(axis -> apart.dim((int) axis)).toList();
    return pen.node(x.dtype(), moved, "Transpose %", List.of(apart), "perm", perm);
  }

  private V recurrent(V x) {
    boolean lstm = pen.once(2);
    int gates = lstm ? 4 : 3;
    long width = 1 + pen.pick(8);
    V sequence =
        pen.node(
            x.dtype(),
            List.of(x.dim(1), x.dim(0), x.dim(2)),
            "Transpose %",
            List.of(x),
            "perm",
            new long[] {1, 0, 2});
    V w = pen.weights(0.5, 1, gates * width, x.dim(2));
    V r = pen.weights(0.5, 1, gates * width, width);
    V b = pen.weights(0.5, 1, 2 * gates * width);
    V y =
        pen.node(
            x.dtype(),
            List.of(x.dim(1), 1L, x.dim(0), width),
            (lstm ? "LSTM" : "GRU") + " % % % %",
            List.of(sequence, w, r, b),
            "hidden_size",
            width);
    V squeezed =
        pen.node(
            x.dtype(), List.of(x.dim(1), x.dim(0), width), "Squeeze % %", List.of(y, pen.longs(1)));
    return pen.node(
        x.dtype(),
        List.of(x.dim(0), x.dim(1), width),
        "Transpose %",
        List.of(squeezed),
        "perm",
        new long[] {1, 0, 2});
  }
}
