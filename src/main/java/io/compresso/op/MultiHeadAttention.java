package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Attention of projected queries, keys and values {@code [batch, sequence, heads * size]}; keys and
 * values of another sequence may come as {@code [batch, heads, sequence, size]}.
 */
final class MultiHeadAttention extends MicrosoftOperator {
  @Override
  public String opType() {
    return "MultiHeadAttention";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> q = context.dims(0);
      List<Dim> v = context.dims(2);
      List<Dim> y =
          q == null || q.size() != 3
              ? null
              : List.of(q.get(0), q.get(1), v == null || v.size() != 3 ? Dim.UNKNOWN : v.get(2));
      List<Inferred> outputs = new ArrayList<>();
      for (int i = 0; i < context.node().outputs().size(); i++) {
        outputs.add(Dims.tensor(context.dtype(0), i == 0 ? y : Dims.unknown(4)));
      }
      return outputs;
    };
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return ProjectedAttention.ofHeads(context);
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(MultiHeadAttention::run);
  }

  private static List<? extends @Nullable Tensor> run(OpContext context) {
    int heads = PackedAttention.heads(context, "num_heads");
    Tensor query = context.tensor(0);
    if (query.shape().rank() != 3 || context.tensorOrNull(1) == null) {
      throw context.error("packed queries " + query.shape() + " are not supported");
    }
    Tensor bias = context.tensorOrNull(3);
    long width = query.shape().dim(2);
    Attention.Heads q = heads(context, query, bias, 0, heads);
    Attention.Heads k = heads(context, context.tensor(1), bias, width, heads).after(context, 6);
    Attention.Heads v = heads(context, context.tensor(2), bias, 2 * width, heads).after(context, 7);
    if (q.size() != k.size()
        || v.length() != k.length()
        || v.count() != k.count()
        || k.count() != heads
        || k.batch() != q.batch()
        || v.batch() != q.batch()) {
      throw context.error("queries " + q + ", keys " + k + ", values " + v + " do not fit");
    }
    Tensor past = context.tensorOrNull(6);
    Attention.Core core =
        PackedAttention.core(
            context.node(), q, k, past == null ? 0 : Math.toIntExact(past.shape().dim(2)));
    Tensor scores = PackedAttention.scores(context, 4, 5, q, k);
    double[] y =
        core.attend(q, k, v, Attention.Mask.of(context, scores, null, q, k), new double[0]);
    List<@Nullable Tensor> outputs = new ArrayList<>();
    outputs.add(q.like(context, y, v.size(), query.dtype()));
    if (context.node().outputs().size() > 1) {
      outputs.add(k.tensor(context, query.dtype()));
      outputs.add(v.tensor(context, query.dtype()));
    }
    return outputs;
  }

  private static Attention.Heads heads(
      OpContext context, Tensor x, @Nullable Tensor bias, long from, int heads) {
    if (bias == null || x.shape().rank() != 3) {
      return Attention.Heads.of(context, x, heads);
    }
    long width = x.shape().dim(2);
    if (bias.size() < from + width) {
      throw context.error("bias " + bias.shape() + " for operand " + x.shape());
    }
    Shape shape = x.shape();
    double[] values = Reals.doubles(x);
    for (int i = 0; i < values.length; i++) {
      values[i] += bias.getDouble(from + i % width);
    }
    return Attention.Heads.of(context, Reals.tensor(context, x.dtype(), shape, values), heads);
  }
}
