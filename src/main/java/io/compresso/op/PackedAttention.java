package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What ONNX Runtime's attention operators share: one projection to queries, keys and values. */
final class PackedAttention {
  private PackedAttention() {}

  /** The shape rule of attention on data {@code [batch, sequence, width]}. */
  static List<Inferred> infer(ShapeContext context, @Nullable DType dtype) {
    List<Dim> x = context.dims(0);
    List<Dim> w = context.dims(1);
    List<Dim> dims = null;
    if (x != null && x.size() == 3) {
      long[] sizes = context.node().intsAttribute("qkv_hidden_sizes");
      Long width = w == null || w.size() != 2 ? null : w.get(1).sizeOrNull();
      Dim last =
          sizes != null && sizes.length == 3
              ? Dim.of(sizes[2])
              : width == null ? Dim.UNKNOWN : Dim.of(width / 3);
      dims = List.of(x.get(0), x.get(1), last);
    }
    List<Inferred> outputs = new ArrayList<>();
    for (int i = 0; i < context.node().outputs().size(); i++) {
      outputs.add(Dims.tensor(dtype, i == 0 ? dims : Dims.unknown(5)));
    }
    return outputs;
  }

  /**
   * What products are multiplied by: the attribute of ONNX Runtime's operators, where 0 stands for
   * the usual scale.
   *
   * @param size elements of a query
   */
  static double scale(Node node, int size) {
    float scale = node.floatAttribute("scale", 0);
    return scale == 0 ? 1 / Math.sqrt(size) : scale;
  }

  /** The computation on heads, of whose keys {@code past} come from a cache. */
  static Attention.Core core(Node node, Attention.Heads q, Attention.Heads k, int past) {
    Attention.Sight sight = sight(node, q.length(), k.length(), past);
    return new Attention.Core(scale(node, q.size()), 0, sight, false, -1);
  }

  /**
   * How many keys from the first on a query sees. With {@code unidirectional} those of the cache
   * and as many more as there are queries up to it; the last query sees all, as in ONNX Runtime,
   * which matters where keys and queries are not as many.
   */
  static Attention.Sight sight(Node node, int queries, int keys, int past) {
    boolean causal = node.intAttribute("unidirectional", 0) != 0;
    return (batch, query) ->
        causal && query < queries - 1 ? Math.min(keys, past + query + 1L) : keys;
  }

  /** A count of heads that the node gives. */
  static int heads(OpContext context, String name) {
    long count = context.node().intAttribute(name, 0);
    if (count < 1 || count > Attention.Heads.MOST) {
      throw context.error("attribute '" + name + "' is " + count);
    }
    return (int) count;
  }

  /**
   * Attention of projected data.
   *
   * @param projected {@code [batch, sequence, queries + keys + values]}, bias included
   * @param sizes the widths of queries, keys and values
   * @param mask input with the mask, see ONNX Runtime's {@code Attention}
   * @param past input with the cache {@code [2, batch, heads, length, size]}
   * @param added input that is added to the scores, or -1
   */
  static List<? extends @Nullable Tensor> run(
      OpContext context, Tensor projected, long[] sizes, int mask, int past, int added) {
    int heads = heads(context, "num_heads");
    long width = sizes[0] + sizes[1] + sizes[2];
    if (projected.shape().rank() != 3
        || projected.shape().dim(2) != width
        || sizes[0] != sizes[1]
        || Math.min(sizes[0], sizes[2]) < 0) {
      throw context.error(
          "projection %s for sizes %s".formatted(projected.shape(), Arrays.toString(sizes)));
    }
    Tensor cache = context.tensorOrNull(past);
    if (sizes[0] != sizes[2] && (cache != null || context.node().output(1) != null)) {
      throw context.error(
          ("a cache ('past', 'present') holds keys and values of one size, attribute"
                  + " 'qkv_hidden_sizes' is %s: leave the cache out, or make the sizes equal")
              .formatted(Arrays.toString(sizes)));
    }
    Attention.Heads q = part(context, projected, 0, sizes[0], heads, null, 0);
    Attention.Heads k = part(context, projected, sizes[0], sizes[1], heads, cache, 0);
    Attention.Heads v = part(context, projected, sizes[0] + sizes[1], sizes[2], heads, cache, 1);
    Attention.Core core = core(context.node(), q, k, k.length() - q.length());
    Tensor bias = scores(context, mask, added, q, k);
    double[] y = core.attend(q, k, v, Attention.Mask.of(context, bias, null, q, k), new double[0]);
    List<@Nullable Tensor> outputs = new ArrayList<>();
    outputs.add(q.like(context, y, v.size(), projected.dtype()));
    if (context.node().output(1) != null) {
      outputs.add(present(context, k, v, projected.dtype()));
    }
    return outputs;
  }

  private static Attention.Heads part(
      OpContext context,
      Tensor projected,
      long from,
      long width,
      int heads,
      @Nullable Tensor cache,
      int half) {
    Shape shape = projected.shape();
    Tensor part = context.allocate(projected.dtype(), shape.with(2, width));
    StridedCopy.box(
        projected, from, shape.strides(), part, 0, part.shape().strides(), part.shape().dims());
    Attention.Heads now = Attention.Heads.of(context, part, heads);
    if (cache == null) {
      return now;
    }
    if (cache.shape().rank() != 5 || cache.shape().dim(0) != 2) {
      throw context.error("past of shape " + cache.shape());
    }
    long[] dims = cache.shape().dims();
    Tensor before = context.allocate(cache.dtype(), Shape.of(dims[1], dims[2], dims[3], dims[4]));
    StridedCopy.run(cache, half * before.size(), before, 0, before.size());
    return now.after(context, before);
  }

  private static Tensor present(
      OpContext context, Attention.Heads k, Attention.Heads v, DType dtype) {
    double[] both = Arrays.copyOf(k.x(), k.x().length + v.x().length);
    System.arraycopy(v.x(), 0, both, k.x().length, v.x().length);
    return Reals.tensor(
        context, dtype, Shape.of(2, k.batch(), k.count(), k.length(), k.size()), both);
  }

  /** What mask and bias add to the scores, null when nothing. */
  static @Nullable Tensor scores(
      OpContext context, int mask, int added, Attention.Heads q, Attention.Heads k) {
    Tensor given = context.tensorOrNull(mask);
    Tensor bias = added < 0 ? null : context.tensorOrNull(added);
    Shape shape = Shape.of(q.batch(), q.count(), q.length(), k.length());
    if (bias != null && !isTerm(bias.shape(), shape)) {
      throw context.error("input 'attention_bias' " + bias.shape() + " for scores " + shape);
    }
    if (given == null) {
      return bias;
    }
    double forbidden = context.node().floatAttribute("mask_filter_value", -10000);
    double[] values = new double[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      int key = i % k.length();
      int query = i / k.length() % q.length();
      int batch = i / k.length() / q.length() / q.count();
      values[i] = allowed(context, given, q, k, batch, query, key) ? 0 : forbidden;
      if (bias != null) {
        values[i] += bias.getDouble(MatrixProduct.index(i, bias.shape(), shape));
      }
    }
    return Reals.tensor(context, DType.FLOAT, shape, values);
  }

  private static boolean isTerm(Shape term, Shape scores) {
    for (int axis = 0; axis < scores.rank(); axis++) {
      if (term.rank() != scores.rank()
          || term.dim(axis) != 1 && term.dim(axis) != scores.dim(axis)) {
        return false;
      }
    }
    return true;
  }

  private static boolean allowed(
      OpContext context,
      Tensor mask,
      Attention.Heads q,
      Attention.Heads k,
      int batch,
      int query,
      int key) {
    Shape shape = mask.shape();
    boolean cumulated = shape.rank() == 1 && shape.dim(0) == 3L * q.batch() + 2;
    if (shape.rank() == 1 && shape.dim(0) == q.batch() || cumulated) {
      return key < mask.getLong(batch);
    }
    if (shape.rank() == 1 && shape.dim(0) == 2L * q.batch()) {
      return key < mask.getLong(batch) && key >= mask.getLong((long) batch + q.batch());
    }
    if (shape.equals(Shape.of(q.batch(), k.length()))) {
      return mask.getLong((long) batch * k.length() + key) != 0;
    }
    if (shape.equals(Shape.of(q.batch(), q.length(), k.length()))) {
      return mask.getLong(((long) batch * q.length() + query) * k.length() + key) != 0;
    }
    throw context.error("mask " + shape + " for queries " + q + ", keys " + k);
  }
}
