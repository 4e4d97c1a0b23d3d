package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Causal attention in which groups of query heads share keys and values (Ainslie et al., "GQA",
 * 2023), with a cache, rotary embedding, a local window, softcap, added scores and sinks. Queries
 * are {@code [batch, sequence, num_heads * size]}, alone or followed in the last axis by keys and
 * values; caches are {@code [batch, kv_num_heads, length, size]}, padded on the right; no query
 * sees padding. Caches of integers are not supported.
 */
final class GroupQueryAttention extends MicrosoftOperator {
  @Override
  public String opType() {
    return "GroupQueryAttention";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> q = context.dims(0);
      List<Dim> y = null;
      if (q != null && q.size() == 3) {
        y = new ArrayList<>(q);
        long heads = context.node().intAttribute("num_heads", 0);
        long all = heads + 2 * context.node().intAttribute("kv_num_heads", 0);
        Long width = q.getLast().sizeOrNull();
        if (context.node().input(1) == null) {
          y.set(
              2, width == null || all < 1 || heads < 1 ? Dim.UNKNOWN : Dim.of(width / all * heads));
        }
      }
      List<Dim> cache = y == null ? Dims.unknown(4) : cache(context, y);
      List<Inferred> outputs = new ArrayList<>();
      for (int i = 0; i < context.node().outputs().size(); i++) {
        outputs.add(Dims.tensor(context.dtype(0), i == 0 ? y : i < 3 ? cache : Dims.unknown(4)));
      }
      return outputs;
    };
  }

  /** The axes of the new caches; their length where the total is known before a run. */
  private static List<Dim> cache(ShapeContext context, List<Dim> y) {
    long heads = context.node().intAttribute("num_heads", 0);
    long shared = context.node().intAttribute("kv_num_heads", 0);
    Long width = y.get(2).sizeOrNull();
    List<Dim> past = context.dims(3);
    boolean without = context.node().input(3) == null;
    Long cached =
        without ? (Long) 0L : past == null || past.size() != 4 ? null : past.get(2).sizeOrNull();
    Tensor total = context.constant(6);
    return List.of(
        y.get(0),
        shared < 1 ? Dim.UNKNOWN : Dim.of(shared),
        total == null || total.size() != 1 || cached == null
            ? Dim.UNKNOWN
            : Dim.of(Math.max(cached, Math.max(0, total.getLong(0)))),
        width == null || heads < 1 ? Dim.UNKNOWN : Dim.of(width / heads));
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return GroupQueryLowering.of(context);
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(GroupQueryAttention::run);
  }

  private static List<Tensor> run(OpContext context) {
    for (String name : List.of("k_quant_type", "v_quant_type")) {
      String type = context.node().stringAttribute(name, "NONE");
      if (!type.equals("NONE")) {
        throw context.error("attribute '" + name + "' is '" + type + "': only NONE is supported");
      }
    }
    if (context.node().output(3) != null) {
      throw context.error("output 'output_qk' is not supported");
    }
    Operands operands = Operands.of(context);
    Steps steps = Steps.of(context, operands.q());
    operands.turn(context, steps);
    Attention.Heads k = steps.present(context, operands.k(), 3);
    Attention.Heads v = steps.present(context, operands.v(), 4);
    double[] y = Scores.of(context, operands.q(), steps).attend(operands.q(), k, v, steps);
    Tensor query = context.tensor(0);
    List<Tensor> outputs = new ArrayList<>();
    outputs.add(operands.q().like(context, y, v.size(), query.dtype()));
    if (context.node().outputs().size() > 1) {
      outputs.add(k.tensor(context, query.dtype()));
      outputs.add(v.tensor(context, query.dtype()));
    }
    return outputs;
  }

  /** Queries, keys and values of this step. */
  private record Operands(Attention.Heads q, Attention.Heads k, Attention.Heads v) {
    static Operands of(OpContext context) {
      int heads = PackedAttention.heads(context, "num_heads");
      int shared = PackedAttention.heads(context, "kv_num_heads");
      if (heads % shared != 0) {
        throw context.error(
            "attribute 'num_heads' %d is no multiple of 'kv_num_heads' %d"
                .formatted(heads, shared));
      }
      Tensor query = context.tensor(0);
      if (query.shape().rank() != 3) {
        throw context.error("input 'query' " + query.shape() + " has not 3 axes");
      }
      if (context.tensorOrNull(1) == null) {
        Attention.Heads all = Attention.Heads.of(context, query, heads + 2 * shared);
        return new Operands(
            part(all, 0, heads), part(all, heads, shared), part(all, heads + shared, shared));
      }
      Attention.Heads q = Attention.Heads.of(context, query, heads);
      Attention.Heads k = Attention.Heads.of(context, context.tensor(1), shared);
      Attention.Heads v = Attention.Heads.of(context, context.tensor(2), shared);
      if (q.size() != k.size()
          || k.size() != v.size()
          || k.count() != shared
          || v.count() != shared
          || k.length() != q.length()
          || v.length() != q.length()
          || k.batch() != q.batch()
          || v.batch() != q.batch()) {
        throw context.error("queries " + q + ", keys " + k + ", values " + v + " do not fit");
      }
      return new Operands(q, k, v);
    }

    private static Attention.Heads part(Attention.Heads all, int from, int count) {
      int head = all.length() * all.size();
      double[] x = new double[all.batch() * count * head];
      for (int batch = 0; batch < all.batch(); batch++) {
        System.arraycopy(
            all.x(), (batch * all.count() + from) * head, x, batch * count * head, count * head);
      }
      return new Attention.Heads(x, all.batch(), count, all.length(), all.size(), true);
    }

    void turn(OpContext context, Steps steps) {
      if (context.node().intAttribute("do_rotary", 0) == 0) {
        return;
      }
      Tensor cosine = context.tensor(7);
      Tensor sine = context.tensor(8);
      Shape shape = cosine.shape();
      if (shape.rank() != 2 || !sine.shape().equals(shape) || 2 * shape.dim(1) > q.size()) {
        throw context.error(
            "inputs 'cos_cache' %s and 'sin_cache' %s for heads of %d"
                .formatted(shape, sine.shape(), q.size()));
      }
      RotaryEmbedding.Rotation rotation =
          new RotaryEmbedding.Rotation(
              cosine,
              sine,
              (int) shape.dim(1),
              context.node().intAttribute("rotary_interleaved", 0) != 0);
      Tensor positions = context.tensorOrNull(9);
      if (positions != null && !positions.shape().equals(Shape.of(q.batch(), q.length()))) {
        throw context.error("input 'position_ids' " + positions.shape() + " for queries " + q);
      }
      for (Attention.Heads heads : List.of(q, k)) {
        for (int row = 0; row < heads.rows(); row++) {
          int step = row % heads.length();
          int batch = row / heads.length() / heads.count();
          long position =
              positions == null
                  ? steps.position(batch, step)
                  : positions.getLong((long) batch * q.length() + step);
          rotation.turn(context, heads.x(), row * heads.size(), position);
        }
      }
    }
  }

  /**
   * Where this step's tokens stand in their sequences.
   *
   * @param past how many tokens of the cache come before them, for each batch element
   * @param totals how many tokens there are with them, for each batch element
   * @param length of the new cache
   */
  private record Steps(int[] past, int[] totals, int length) {
    static Steps of(OpContext context, Attention.Heads q) {
      Tensor last = context.tensor(5);
      Tensor total = context.tensor(6);
      if (last.size() != q.batch() || total.size() != 1) {
        throw context.error(
            "inputs 'seqlens_k' %s and 'total_sequence_length' %s for a batch of %d"
                .formatted(last.shape(), total.shape(), q.batch()));
      }
      Tensor cache = context.tensorOrNull(3);
      long cached = cache == null || cache.shape().rank() != 4 ? 0 : cache.shape().dim(2);
      long most = total.getLong(0);
      if (most < q.length() || most > cached + q.length()) {
        throw context.error(
            "input 'total_sequence_length' is %d for %d new tokens and a cache of %d"
                .formatted(most, q.length(), cached));
      }
      boolean prompt = most == q.length();
      int[] past = new int[q.batch()];
      int[] totals = new int[q.batch()];
      for (int batch = 0; batch < past.length; batch++) {
        long tokens = last.getLong(batch) + 1;
        if (tokens < (prompt ? 1 : q.length()) || tokens > most) {
          throw context.error(
              "input 'seqlens_k' gives %d tokens of %d, %d of them new"
                  .formatted(tokens, most, q.length()));
        }
        totals[batch] = (int) tokens;
        past[batch] = prompt ? 0 : (int) (tokens - q.length());
      }
      return new Steps(past, totals, Math.toIntExact(Math.max(most, cached)));
    }

    long position(int batch, int step) {
      return past[batch] + step < totals[batch] ? past[batch] + step : 1;
    }

    /** The cache of input {@code cache} with this step's heads in it. */
    Attention.Heads present(OpContext context, Attention.Heads now, int cache) {
      Tensor before = context.tensorOrNull(cache);
      if ((before == null) != (context.tensorOrNull(7 - cache) == null)) {
        throw context.error("one of 'past_key' and 'past_value' is missing");
      }
      Attention.Heads old = before == null ? null : Attention.Heads.of(context, before, 0);
      if (before != null
          && old != null
          && (!before.dtype().isFloat()
              || old.batch() != now.batch()
              || old.count() != now.count()
              || old.size() != now.size()
              || old.length() > length)) {
        throw context.error("cache " + before + " for operand " + now);
      }
      int size = now.size();
      double[] x = new double[Math.multiplyExact(now.batch() * now.count() * size, length)];
      for (int head = 0; head < now.batch() * now.count(); head++) {
        int kept = past[head / now.count()];
        int to = head * length * size;
        if (old != null) {
          if (kept > old.length()) {
            throw context.error("a cache of " + old.length() + " has no " + kept + " tokens");
          }
          System.arraycopy(old.x(), head * old.length() * size, x, to, kept * size);
        }
        System.arraycopy(
            now.x(), head * now.length() * size, x, to + kept * size, now.length() * size);
      }
      return new Attention.Heads(x, now.batch(), now.count(), length, size, false);
    }
  }

  /**
   * What makes probabilities of products.
   *
   * @param window how many keys up to its own a query sees, or a negative number for all
   * @param bias added to the scores, with its strides of batch and head; null without
   * @param sinks what else the denominator holds, a score for each head; null without
   */
  private record Scores(
      double scale, double softcap, int window, @Nullable Tensor bias, double @Nullable [] sinks) {
    static Scores of(OpContext context, Attention.Heads q, Steps steps) {
      Tensor bias = context.tensorOrNull(10);
      if (bias != null) {
        Shape shape = bias.shape();
        if (shape.rank() != 4
            || shape.dim(0) != 1 && shape.dim(0) != q.batch()
            || shape.dim(1) != 1 && shape.dim(1) != q.count()
            || shape.dim(2) != q.length()
            || shape.dim(3) < Arrays.stream(steps.totals()).max().orElse(0)) {
          throw context.error("input 'attention_bias' " + shape + " for queries " + q);
        }
      }
      Tensor sink = context.tensorOrNull(11);
      if (sink != null && sink.size() != q.count()) {
        throw context.error("input 'head_sink' " + sink.shape() + " for " + q.count() + " heads");
      }
      boolean smooth = context.node().intAttribute("smooth_softmax", 0) == 1;
      return new Scores(
          PackedAttention.scale(context.node(), q.size()),
          context.node().floatAttribute("softcap", 0),
          (int) Math.clamp(context.node().intAttribute("local_window_size", -1), -1, 1 << 30),
          bias,
          Reals.doubles(sink, smooth ? new double[q.count()] : null));
    }

    double[] attend(Attention.Heads q, Attention.Heads k, Attention.Heads v, Steps steps) {
      double[] y = new double[q.x().length];
      double[] row = new double[k.length()];
      int group = q.count() / k.count();
      for (int at = 0; at < q.rows(); at++) {
        int step = at % q.length();
        int head = at / q.length() % q.count();
        int batch = at / q.length() / q.count();
        int own = steps.past()[batch] + step + 1;
        int from = window > 0 ? Math.max(0, own - window) : 0;
        int to = Math.min(own, steps.totals()[batch]);
        Arrays.fill(row, 0);
        int keys = (batch * k.count() + head / group) * k.length();
        double largest = sinks == null ? Double.NEGATIVE_INFINITY : sinks[head];
        for (int key = from; key < to; key++) {
          double product = 0;
          for (int i = 0; i < q.size(); i++) {
            product += q.x()[at * q.size() + i] * k.x()[(keys + key) * k.size() + i];
          }
          product *= scale;
          row[key] =
              (softcap > 0 ? softcap * Math.tanh(product / softcap) : product)
                  + added(batch, head, step, key);
          largest = Math.max(largest, row[key]);
        }
        boolean none = largest == Double.NEGATIVE_INFINITY;
        double sum = sinks == null || none ? 0 : Math.exp(sinks[head] - largest);
        for (int key = from; key < to; key++) {
          row[key] = none ? 0 : Math.exp(row[key] - largest);
          sum += row[key];
        }
        for (int key = 0; key < steps.totals()[batch]; key++) {
          double probability = sum == 0 ? 0 : row[key] / sum;
          for (int i = 0; i < v.size(); i++) {
            y[at * v.size() + i] += probability * v.x()[(keys + key) * v.size() + i];
          }
        }
      }
      return y;
    }

    private double added(int batch, int head, int step, int key) {
      if (bias == null || key >= bias.shape().dim(3)) {
        return 0;
      }
      long[] strides = bias.shape().strides();
      return bias.getDouble(
          (bias.shape().dim(0) == 1 ? 0 : batch * strides[0])
              + (bias.shape().dim(1) == 1 ? 0 : head * strides[1])
              + step * strides[2]
              + key);
    }
  }
}
