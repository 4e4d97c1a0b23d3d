package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Attention whose keys and values are summed up in a state {@code [batch, heads, key size, value
 * size]}, token by token: with decays (Yang et al., "Gated Linear Attention", 2024) and with the
 * delta rule (Yang et al., "Gated Delta Networks", 2025). Queries, keys and values are {@code
 * [batch, tokens, heads * size]}. Of queries and states, the more numerous share the others' heads,
 * as states may those of keys. The state is kept in double precision during a call.
 */
final class LinearAttention extends StandardOperator {
  LinearAttention() {
    super("LinearAttention", 27);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> q = context.dims(0);
      List<Dim> v = context.dims(2);
      long queries = context.node().intAttribute("q_num_heads", 0);
      long states = context.node().intAttribute("kv_num_heads", 0);
      if (q != null && q.size() != 3 || v != null && v.size() != 3) {
        throw context.error("query %s and value %s have not 3 axes".formatted(q, v));
      }
      Dim keySize = perHead(q, queries);
      Dim valueSize = perHead(v, states);
      Long size = valueSize.sizeOrNull();
      Dim batch = q == null ? Dim.UNKNOWN : q.getFirst();
      return List.of(
          Dims.tensor(
              context.dtype(0),
              List.of(
                  batch,
                  q == null ? Dim.UNKNOWN : q.get(1),
                  size == null ? Dim.UNKNOWN : Dim.of(Math.max(queries, states) * size))),
          Dims.tensor(
              context.dtype(context.node().input(3) == null ? 0 : 3),
              List.of(batch, Dim.of(Math.max(0, states)), keySize, valueSize)));
    };
  }

  private static Dim perHead(@Nullable List<Dim> dims, long heads) {
    Long size = dims == null ? null : dims.get(2).sizeOrNull();
    return size == null || heads < 1 ? Dim.UNKNOWN : Dim.of(size / heads);
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(LinearAttention::run);
  }

  private static List<Tensor> run(OpContext context) {
    if (context.node().intAttribute("state_window", 0) != 0) {
      throw context.error("attribute 'state_window' is not supported");
    }
    Heads heads = Heads.of(context);
    Rule rule = Rule.of(context);
    Gate decay = rule.decays ? Gate.of(context, 4, "decay", heads, heads.keySize) : null;
    Gate beta = rule.delta ? Gate.of(context, 5, "beta", heads, 0) : null;
    float given = context.node().floatAttribute("scale", 0);
    double scale = given == 0 ? 1 / Math.sqrt(heads.keySize) : given;
    double[] q = Reals.doubles(context.tensor(0));
    double[] k = Reals.doubles(context.tensor(1));
    double[] v = Reals.doubles(context.tensor(2));
    double[] state = heads.state(context);
    double[] y = new double[heads.batch * heads.tokens * heads.outputs() * heads.valueSize];
    double[] read = new double[heads.valueSize];
    for (int row = 0; row < heads.batch * heads.tokens; row++) {
      int b = row / heads.tokens;
      for (int h = 0; h < heads.states; h++) {
        int at = (b * heads.states + h) * heads.keySize * heads.valueSize;
        int key = (row * heads.keys + h * heads.keys / heads.states) * heads.keySize;
        if (decay != null) {
          for (int i = 0; i < heads.keySize; i++) {
            double factor = Math.exp(decay.value(row, h, i));
            int from = at + i * heads.valueSize;
            for (int j = from; j < from + heads.valueSize; j++) {
              state[j] *= factor;
            }
          }
        }
        System.arraycopy(v, (row * heads.states + h) * heads.valueSize, read, 0, heads.valueSize);
        if (beta != null) {
          double step = beta.value(row, h, 0);
          for (int j = 0; j < heads.valueSize; j++) {
            double known = 0;
            for (int i = 0; i < heads.keySize; i++) {
              known += state[at + i * heads.valueSize + j] * k[key + i];
            }
            read[j] = step * (read[j] - known);
          }
        }
        for (int i = 0; i < heads.keySize; i++) {
          for (int j = 0; j < heads.valueSize; j++) {
            state[at + i * heads.valueSize + j] += k[key + i] * read[j];
          }
        }
      }
      for (int o = 0; o < heads.outputs(); o++) {
        int query = (row * heads.queries + o * heads.queries / heads.outputs()) * heads.keySize;
        int at =
            (b * heads.states + o * heads.states / heads.outputs())
                * heads.keySize
                * heads.valueSize;
        int to = (row * heads.outputs() + o) * heads.valueSize;
        for (int i = 0; i < heads.keySize; i++) {
          for (int j = 0; j < heads.valueSize; j++) {
            y[to + j] += scale * q[query + i] * state[at + i * heads.valueSize + j];
          }
        }
      }
    }
    Tensor past = context.tensorOrNull(3);
    return List.of(
        Reals.tensor(
            context,
            context.tensor(0).dtype(),
            Shape.of(heads.batch, heads.tokens, (long) heads.outputs() * heads.valueSize),
            y),
        Reals.tensor(
            context, (past == null ? context.tensor(0) : past).dtype(), heads.stateShape(), state));
  }

  /** Which of the two gates an update takes. */
  private record Rule(boolean decays, boolean delta) {
    static Rule of(OpContext context) {
      return switch (context.node().stringAttribute("update_rule", "gated_delta")) {
        case "linear" -> new Rule(false, false);
        case "gated" -> new Rule(true, false);
        case "delta" -> new Rule(false, true);
        case "gated_delta" -> new Rule(true, true);
        case String other -> throw context.error("attribute 'update_rule' is '" + other + "'");
      };
    }
  }

  /** The sizes of a call. */
  private record Heads(
      int batch, int tokens, int queries, int keys, int states, int keySize, int valueSize) {
    static Heads of(OpContext context) {
      Node node = context.node();
      long queries = node.intAttribute("q_num_heads", 0);
      long states = node.intAttribute("kv_num_heads", 0);
      Shape q = context.tensor(0).shape();
      Shape k = context.tensor(1).shape();
      Shape v = context.tensor(2).shape();
      boolean fits =
          queries >= 1
              && states >= 1
              && Math.max(queries, states) % Math.min(queries, states) == 0
              && q.rank() == 3
              && k.rank() == 3
              && v.rank() == 3
              && q.dim(2) % queries == 0
              && v.dim(2) % states == 0
              && q.dim(2) > 0
              && v.dim(2) > 0
              && k.dim(2) > 0
              && k.dim(2) % (q.dim(2) / queries) == 0
              && states % (k.dim(2) / (q.dim(2) / queries)) == 0
              && Arrays.equals(Arrays.copyOf(q.dims(), 2), Arrays.copyOf(k.dims(), 2))
              && Arrays.equals(Arrays.copyOf(q.dims(), 2), Arrays.copyOf(v.dims(), 2));
      if (!fits) {
        throw context.error(
            "query %s, key %s and value %s with 'q_num_heads' %d and 'kv_num_heads' %d"
                .formatted(q, k, v, queries, states));
      }
      int keySize = Math.toIntExact(q.dim(2) / queries);
      return new Heads(
          Math.toIntExact(q.dim(0)),
          Math.toIntExact(q.dim(1)),
          Math.toIntExact(queries),
          Math.toIntExact(k.dim(2) / keySize),
          Math.toIntExact(states),
          keySize,
          Math.toIntExact(v.dim(2) / states));
    }

    int outputs() {
      return Math.max(queries, states);
    }

    Shape stateShape() {
      return Shape.of(batch, states, keySize, valueSize);
    }

    double[] state(OpContext context) {
      Tensor past = context.tensorOrNull(3);
      if (past != null && !past.shape().equals(stateShape())) {
        throw context.error("past state " + past.shape() + ", not " + stateShape());
      }
      return past == null ? new double[Math.toIntExact(stateShape().size())] : Reals.doubles(past);
    }
  }

  /** A value for each token and, as far as it has columns for them, for each head and key. */
  private record Gate(double[] values, int columns, int keys) {
    static Gate of(OpContext context, int input, String name, Heads heads, int keys) {
      Tensor tensor = context.tensorOrNull(input);
      if (tensor == null) {
        throw context.error("input '" + name + "' is missing for this 'update_rule'");
      }
      Shape shape = tensor.shape();
      long columns = shape.rank() == 3 ? shape.dim(2) : 0;
      boolean each = keys > 0 && columns == (long) heads.states * keys;
      if (shape.rank() != 3
          || shape.dim(0) != heads.batch
          || shape.dim(1) != heads.tokens
          || !each && columns != heads.states && (keys > 0 || columns != 1)) {
        throw context.error("input '%s' %s for %d heads".formatted(name, shape, heads.states));
      }
      return new Gate(Reals.doubles(tensor), (int) columns, each ? keys : 1);
    }

    double value(int row, int head, int key) {
      return values[row * columns + (columns == 1 ? 0 : head * keys + key % keys)];
    }
  }
}
