package io.compresso.engine.random;

import io.compresso.engine.random.GraphPen.V;
import io.compresso.graph.Model;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A model made of random motifs: what networks are made of, at odd sizes, with values that several
 * nodes read and some that are outputs besides.
 *
 * @param inputs what it runs on
 * @param text the graph for people
 */
public record RandomGraph(Model model, Map<String, Tensor> inputs, String text) {
  private static final int MOST_ELEMENTS = 6000;

  /** The graph of a seed. */
  public static RandomGraph of(long seed) {
    GraphPen pen = new GraphPen(seed);
    FloatMotifs floats = new FloatMotifs(pen);
    QuantizedMotifs quantized = new QuantizedMotifs(pen);
    List<V> values = new ArrayList<>();
    values.add(floats.input("x"));
    if (pen.once(3)) {
      values.add(floats.input("z"));
    }
    boolean integers = pen.once(3);
    int motifs = 3 + pen.pick(8);
    for (int i = 0; i < motifs; i++) {
      V from = recent(pen, values);
      V made = null;
      if (integers && from.isFloat() && pen.once(2)) {
        made = quantized.motif(from, values);
      }
      if (made == null) {
        made = floats.motif(from, values);
      }
      if (made.size() <= MOST_ELEMENTS && made.size() > 0) {
        values.add(made);
      }
    }
    List<V> outputs = new ArrayList<>(List.of(values.getLast()));
    for (V value : values) {
      if (pen.once(4) && !value.name().equals("x") && !value.name().equals("z")) {
        outputs.add(value);
      }
    }
    if (outputs.getFirst().name().length() == 1) {
      outputs.set(0, pen.like("Identity %", List.of(outputs.getFirst())));
    }
    return pen.end(outputs);
  }

  /** A value of floats, more often a late one. */
  private static V recent(GraphPen pen, List<V> values) {
    List<V> floats = values.stream().filter(value -> value.dtype() == DType.FLOAT).toList();
    int back = Math.min(pen.pick(floats.size()), pen.pick(floats.size()));
    return floats.get(floats.size() - 1 - Math.min(back, pen.pick(floats.size())));
  }
}
