package io.compresso.op;

import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Counts the n-grams of a pool in each row, with up to so many elements skipped in between. */
final class TfIdfVectorizer extends StandardOperator {
  TfIdfVectorizer() {
    super("TfIdfVectorizer", 9);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (dims == null) {
        return List.of(Inferred.tensor(DType.FLOAT, null));
      }
      List<Dim> result = new ArrayList<>(dims.subList(0, Math.max(0, dims.size() - 1)));
      result.add(Dim.of(width(context.node())));
      return List.of(Inferred.tensor(DType.FLOAT, result));
    };
  }

  private static long width(Node node) {
    return Arrays.stream(node.intsAttribute("ngram_indexes", new long[0])).max().orElse(-1) + 1;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Shape shape = x.shape();
      if (shape.rank() == 0 || shape.rank() > 2) {
        throw context.error(x + " is neither a vector nor rows");
      }
      Node node = context.node();
      Map<List<Object>, Integer> pool = pool(context);
      long[] indexes = node.intsAttribute("ngram_indexes", new long[0]);
      long columns = shape.dim(-1);
      // Longer n-grams and larger skips do not lie in a row.
      long shortest = Math.max(1, node.intAttribute("min_gram_length", 1));
      long longest = Math.min(columns, node.intAttribute("max_gram_length", 1));
      long skips = Math.min(columns, node.intAttribute("max_skip_count", 0));
      Tensor y = context.allocate(DType.FLOAT, shape.with(-1, width(node)));
      long rows = shape.rank() == 2 ? shape.dim(0) : 1;
      for (long row = 0; row < rows; row++) {
        float[] counts = new float[indexes.length];
        for (long length = shortest; length <= longest; length++) {
          for (long skip = 0; skip <= (length == 1 ? 0 : skips); skip++) {
            count(x, row * columns, columns, length, skip + 1, pool, counts);
          }
        }
        weigh(context, counts, indexes, y, row * width(node));
      }
      return List.of(y);
    });
  }

  private static void count(
      Tensor x,
      long from,
      long columns,
      long length,
      long step,
      Map<List<Object>, Integer> pool,
      float[] counts) {
    for (long start = 0; start + (length - 1) * step < columns; start++) {
      List<Object> gram = new ArrayList<>();
      for (long i = 0; i < length; i++) {
        long at = from + start + i * step;
        gram.add(
            x.dtype() == DType.STRING
                ? new String(x.getString(at), StandardCharsets.UTF_8)
                : (Object) x.getLong(at));
      }
      Integer found = pool.get(gram);
      if (found != null) {
        counts[found]++;
      }
    }
  }

  private static void weigh(OpContext context, float[] counts, long[] indexes, Tensor y, long to) {
    List<Float> weights =
        context.node().attributes().get("weights") instanceof Attribute.Floats(var values)
            ? values
            : null;
    String mode = context.node().stringAttribute("mode", "TF");
    for (int i = 0; i < counts.length; i++) {
      float weight = weights == null || i >= weights.size() ? 1 : weights.get(i);
      float value =
          switch (mode) {
            case "TF" -> counts[i];
            case "IDF" -> counts[i] > 0 ? weight : 0;
            case "TFIDF" -> counts[i] * weight;
            default -> throw context.error("attribute 'mode' is '" + mode + "'");
          };
      if (value != 0) {
        y.setFloat(to + indexes[i], value);
      }
    }
  }

  /** The n-grams with their places in {@code ngram_indexes}. */
  private static Map<List<Object>, Integer> pool(OpContext context) {
    List<Object> items = new ArrayList<>();
    if (context.node().attributes().get("pool_strings") instanceof Attribute.Strings(var words)) {
      words.forEach(word -> items.add(new String(word, StandardCharsets.UTF_8)));
    } else {
      for (long value : context.node().intsAttribute("pool_int64s", new long[0])) {
        items.add(value);
      }
    }
    long[] starts = context.node().intsAttribute("ngram_counts", new long[0]);
    int grams = context.node().intsAttribute("ngram_indexes", new long[0]).length;
    Map<List<Object>, Integer> pool = new HashMap<>();
    int place = 0;
    for (int i = 0; i < starts.length; i++) {
      long end = i + 1 < starts.length ? starts[i + 1] : items.size();
      for (long at = starts[i]; at < end; at += i + 1) {
        if (at < 0 || at + i + 1 > items.size() || place >= grams) {
          throw context.error("attributes 'ngram_counts' and 'ngram_indexes' do not fit the pool");
        }
        pool.put(List.copyOf(items.subList((int) at, (int) at + i + 1)), place++);
      }
    }
    return pool;
  }
}
