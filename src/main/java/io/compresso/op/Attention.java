package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Scaled dot-product attention (Vaswani et al., 2017) with grouped heads, mask, softcap and a cache
 * of past keys and values. With {@code is_causal} the last query stands at the last key of a cache,
 * given or made by others ({@code nonpad_kv_seqlen}); without one the first stands at the first.
 */
final class Attention implements Operator {
  @Override
  public String opType() {
    return "Attention";
  }

  @Override
  public List<Integer> versions() {
    return List.of(23, 24);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> q = context.dims(0);
      List<Dim> v = context.dims(2);
      List<Dim> y = null;
      if (q != null && v != null && q.size() == v.size() && q.size() >= 3) {
        y = new ArrayList<>(q);
        Dim last = v.getLast();
        if (q.size() == 3) {
          Long width = last.sizeOrNull();
          long heads = context.node().intAttribute("q_num_heads", 0);
          long grouped = context.node().intAttribute("kv_num_heads", 0);
          last = width == null || grouped < 1 ? Dim.UNKNOWN : Dim.of(width / grouped * heads);
        }
        y.set(q.size() - 1, last);
      }
      List<Inferred> outputs = new ArrayList<>();
      for (int i = 0; i < context.node().outputs().size(); i++) {
        DType dtype = context.dtype(i == 2 ? 2 : i == 1 ? 1 : 0);
        outputs.add(Dims.tensor(dtype, i == 0 ? y : Dims.unknown(4)));
      }
      return outputs;
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(Attention::run);
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return AttentionLowering.of(context);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.empty();
  }

  private static List<? extends @Nullable Tensor> run(OpContext context) {
    var node = context.node();
    Heads q = Heads.of(context, 0, node.intAttribute("q_num_heads", 0));
    Heads k = Heads.of(context, 1, node.intAttribute("kv_num_heads", 0)).after(context, 4);
    Heads v = Heads.of(context, 2, node.intAttribute("kv_num_heads", 0)).after(context, 5);
    if (k.count() < 1
        || q.count() % k.count() != 0
        || q.size() != k.size()
        || q.batch() != k.batch()
        || v.batch() != k.batch()
        || v.count() != k.count()
        || v.length() != k.length()) {
      throw context.error("queries " + q + ", keys " + k + ", values " + v + " do not fit");
    }
    Tensor past = context.tensorOrNull(4);
    boolean causal = node.intAttribute("is_causal", 0) != 0;
    Core core =
        new Core(
            node.floatAttribute("scale", (float) (1 / Math.sqrt(q.size()))),
            node.floatAttribute("softcap", 0),
            (batch, query) -> causal ? query + offset(context, past, batch, q) + 1 : k.length(),
            node.intAttribute("nan_without_keys", 0) == 0,
            (int) node.intAttribute("qk_matmul_output_mode", 0));
    Mask mask = Mask.of(context, context.tensorOrNull(3), context.tensorOrNull(6), q, k);
    double[] scores = new double[Math.multiplyExact(q.rows(), k.length())];
    double[] y = core.attend(q, k, v, mask, scores);
    DType type = context.tensor(0).dtype();
    List<@Nullable Tensor> outputs = new ArrayList<>();
    outputs.add(q.like(context, y, v.size(), type));
    outputs.add(k.tensor(context, context.tensor(1).dtype()));
    outputs.add(v.tensor(context, context.tensor(2).dtype()));
    if (node.output(3) != null) {
      outputs.add(
          Reals.tensor(
              context, type, Shape.of(q.batch(), q.count(), q.length(), k.length()), scores));
    }
    return outputs;
  }

  /** How many keys come before that of the first query. */
  private static long offset(OpContext context, @Nullable Tensor past, int batch, Heads q) {
    Tensor valid = context.tensorOrNull(6);
    if (past != null || valid == null) {
      return past == null ? 0 : past.shape().dim(2);
    }
    return valid.getLong(batch) - q.length();
  }

  /** Which keys a query sees where later ones are hidden. */
  @FunctionalInterface
  interface Sight {
    /** The first key that the query does not see, as all that follow it. */
    long to(int batch, int query);
  }

  /**
   * One operand as {@code [batch, count, length, size]}.
   *
   * @param flat whether the input was {@code [batch, length, count * size]}
   */
  record Heads(double[] x, int batch, int count, int length, int size, boolean flat) {
    /** The most heads that a node may name. */
    static final int MOST = 1 << 16;

    static Heads of(OpContext context, int input, long heads) {
      return of(context, context.tensor(input), heads);
    }

    static Heads of(OpContext context, Tensor tensor, long count) {
      Shape shape = tensor.shape();
      double[] x = Reals.doubles(tensor);
      if (shape.rank() == 4) {
        return new Heads(
            x,
            (int) shape.dim(0),
            (int) shape.dim(1),
            (int) shape.dim(2),
            (int) shape.dim(3),
            false);
      }
      if (shape.rank() != 3 || count < 1 || count > MOST || shape.dim(2) % count != 0) {
        throw context.error("operand " + shape + " with " + count + " heads");
      }
      int heads = (int) count;
      int batch = (int) shape.dim(0);
      int length = (int) shape.dim(1);
      int size = (int) (shape.dim(2) / heads);
      double[] split = new double[x.length];
      for (int row = 0; row < batch * length * heads; row++) {
        int head = row % heads;
        int step = row / heads % length;
        int to = ((row / heads / length * heads + head) * length + step) * size;
        System.arraycopy(x, row * size, split, to, size);
      }
      return new Heads(split, batch, heads, length, size, true);
    }

    /** These steps after those of a cache input, when it is given. */
    Heads after(OpContext context, int input) {
      Tensor past = context.tensorOrNull(input);
      return past == null ? this : after(context, past);
    }

    Heads after(OpContext context, Tensor past) {
      Heads before = of(context, past, count);
      if (before.batch != batch || before.count != count || before.size != size) {
        throw context.error("cache " + past.shape() + " for operand " + this);
      }
      int total = before.length + length;
      double[] joined = new double[before.x.length + x.length];
      for (int head = 0; head < batch * count; head++) {
        int to = head * total * size;
        System.arraycopy(before.x, head * before.length * size, joined, to, before.length * size);
        System.arraycopy(x, head * length * size, joined, to + before.length * size, length * size);
      }
      return new Heads(joined, batch, count, total, size, flat);
    }

    int rows() {
      return Math.multiplyExact(Math.multiplyExact(batch, count), length);
    }

    Tensor tensor(OpContext context, DType dtype) {
      return Reals.tensor(context, dtype, Shape.of(batch, count, length, size), x);
    }

    /** A result with other head sizes, in the layout of these heads' input. */
    Tensor like(OpContext context, double[] y, int newSize, DType dtype) {
      if (!flat) {
        return Reals.tensor(context, dtype, Shape.of(batch, count, length, newSize), y);
      }
      double[] merged = new double[y.length];
      for (int row = 0; row < rows(); row++) {
        int step = row % length;
        int head = row / length % count;
        int to = ((row / length / count * length + step) * count + head) * newSize;
        System.arraycopy(y, row * newSize, merged, to, newSize);
      }
      return Reals.tensor(context, dtype, Shape.of(batch, length, (long) count * newSize), merged);
    }

    @Override
    public String toString() {
      return "[%d,%d,%d,%d]".formatted(batch, count, length, size);
    }
  }

  /**
   * What is added to the scores.
   *
   * @param values the mask as numbers, {@code -Infinity} where it forbids; null without one
   * @param strides of batch, head, query, key in {@code values}; 0 where it broadcasts
   * @param keys how many keys the mask covers
   * @param valid per batch how many keys are no padding
   */
  record Mask(double @Nullable [] values, long[] strides, int keys, long[] valid) {
    static Mask of(
        OpContext context, @Nullable Tensor mask, @Nullable Tensor valid, Heads q, Heads k) {
      long[] lengths = new long[q.batch()];
      Arrays.fill(lengths, k.length());
      if (valid != null) {
        if (valid.size() != q.batch()) {
          throw context.error("lengths " + valid.shape() + " for a batch of " + q.batch());
        }
        lengths = valid.toLongs();
      }
      if (mask == null) {
        return new Mask(null, new long[4], k.length(), lengths);
      }
      double[] values = Reals.doubles(mask);
      if (mask.dtype() == DType.BOOL) {
        for (int i = 0; i < values.length; i++) {
          values[i] = values[i] == 0 ? Double.NEGATIVE_INFINITY : 0;
        }
      }
      Shape shape = mask.shape();
      long[] full = {q.batch(), q.count(), q.length(), k.length()};
      long[] own = shape.strides();
      long[] strides = new long[4];
      for (int axis = 1; axis <= shape.rank(); axis++) {
        long dim = axis > 4 ? -1 : shape.dim(-axis);
        boolean shorter = axis == 1 && dim <= full[3];
        if (axis > 4 || dim != 1 && dim != full[4 - axis] && !shorter) {
          throw context.error("mask " + shape + " for scores of queries " + q + ", keys " + k);
        }
        strides[4 - axis] = dim == 1 && full[4 - axis] != 1 ? 0 : own[shape.rank() - axis];
      }
      int keys = shape.rank() == 0 || shape.dim(-1) == 1 ? k.length() : (int) shape.dim(-1);
      return new Mask(values, strides, keys, lengths);
    }

    double at(int batch, int head, int query, int key) {
      if (key >= keys || key >= valid[batch]) {
        return Double.NEGATIVE_INFINITY;
      }
      return values == null
          ? 0
          : values[
              (int)
                  (batch * strides[0] + head * strides[1] + query * strides[2] + key * strides[3])];
    }
  }

  /**
   * The computation. As in ONNX Runtime scores are masked by addition, and keys of probability 0
   * take part in the sum of values: what is not finite there gives NaN.
   *
   * @param zeros whether a query that may see no key at all gets zeros for probabilities, not NaN
   * @param scoresMode which scores are given back: 0 scaled products, 1 capped, 2 masked, 3
   *     probabilities
   */
  record Core(double scale, double softcap, Sight sight, boolean zeros, int scoresMode) {
    /** The result {@code [batch, heads, queries, size of v]}; fills {@code scores}. */
    double[] attend(Heads q, Heads k, Heads v, Mask mask, double[] scores) {
      double[] y = new double[Math.multiplyExact(q.rows(), v.size())];
      int group = q.count() / k.count();
      double[] row = new double[k.length()];
      for (int at = 0; at < q.rows(); at++) {
        int query = at % q.length();
        int head = at / q.length() % q.count();
        int batch = at / q.length() / q.count();
        int keys = (batch * k.count() + head / group) * k.length();
        for (int key = 0; key < k.length(); key++) {
          row[key] = scale * dot(q.x(), at * q.size(), k.x(), (keys + key) * k.size(), q.size());
        }
        keep(scores, at, row, 0);
        if (softcap > 0) {
          for (int key = 0; key < k.length(); key++) {
            row[key] = softcap * Math.tanh(row[key] / softcap);
          }
        }
        keep(scores, at, row, 1);
        long to = sight.to(batch, query);
        boolean any = false;
        for (int key = 0; key < k.length(); key++) {
          double term = key < to ? mask.at(batch, head, query, key) : Double.NEGATIVE_INFINITY;
          any |= term != Double.NEGATIVE_INFINITY;
          row[key] += term;
        }
        keep(scores, at, row, 2);
        softmax(row, zeros && !any);
        keep(scores, at, row, 3);
        for (int key = 0; key < k.length(); key++) {
          int from = (keys + key) * v.size();
          for (int i = 0; i < v.size(); i++) {
            y[at * v.size() + i] += row[key] * v.x()[from + i];
          }
        }
      }
      return y;
    }

    private void keep(double[] scores, int at, double[] row, int mode) {
      if (scoresMode == mode && scores.length > 0) {
        System.arraycopy(row, 0, scores, at * row.length, row.length);
      }
    }

    private static double dot(double[] a, int atA, double[] b, int atB, int count) {
      double sum = 0;
      for (int i = 0; i < count; i++) {
        sum += a[atA + i] * b[atB + i];
      }
      return sum;
    }

    /**
     * In place.
     *
     * @param masked whether all becomes zeros
     */
    static void softmax(double[] row, boolean masked) {
      if (masked) {
        Arrays.fill(row, 0);
        return;
      }
      double largest = Double.NEGATIVE_INFINITY;
      for (double value : row) {
        largest = Math.max(largest, value);
      }
      double sum = 0;
      for (int i = 0; i < row.length; i++) {
        row[i] = Math.exp(row[i] - largest);
        sum += row[i];
      }
      for (int i = 0; i < row.length; i++) {
        row[i] /= sum;
      }
    }
  }
}
