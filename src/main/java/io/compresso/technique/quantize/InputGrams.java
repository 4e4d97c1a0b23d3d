package io.compresso.technique.quantize;

import io.compresso.graph.Node;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Kernels;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The Gram matrices of layers' inputs, X^T X over the rows that multiply the weights: for
 * convolutions the patches, evenly spaced ones of each run. Streamed: takes memory for each layer,
 * none for each sample.
 */
final class InputGrams {
  /** Rows that one run adds for a layer. */
  private static final int ROWS_PER_RUN = 128;

  /** Rows that are multiplied at a time. */
  private static final int CHUNK = 512;

  private static final class Sink {
    private final Node node;
    private final Shape weights;
    private final int depth;
    private final float[][] grams;
    private final float[] buffer;
    private int filled;

    Sink(Node node, Shape weights, int groups, int depth) {
      this.node = node;
      this.weights = weights;
      this.depth = depth;
      this.grams = new float[groups][depth * depth];
      this.buffer = new float[CHUNK * groups * depth];
    }

    int width() {
      return grams.length * depth;
    }

    /** Where the next row goes in the buffer. */
    int next() {
      if (filled == CHUNK) {
        flush();
      }
      return filled++ * width();
    }

    void flush() {
      if (filled == 0) {
        return;
      }
      try (Arena arena = Arena.ofShared()) {
        for (int group = 0; group < grams.length; group++) {
          MemorySegment rows = arena.allocate(4L * filled * depth, 64);
          for (int r = 0; r < filled; r++) {
            MemorySegment.copy(
                buffer,
                r * width() + group * depth,
                rows,
                ValueLayout.JAVA_FLOAT,
                4L * r * depth,
                depth);
          }
          MemorySegment product = arena.allocate(4L * depth * depth, 64);
          GemmProblem problem =
              GemmProblem.ofFloat(depth, depth, filled).withTranspose(true, false);
          Kernels.run(problem, Weights.of(rows), rows, product);
          float[] gram = grams[group];
          for (int i = 0; i < gram.length; i++) {
            gram[i] += product.getAtIndex(ValueLayout.JAVA_FLOAT, i);
          }
        }
      }
      filled = 0;
    }
  }

  private final Map<String, Map<String, Sink>> byValue = new HashMap<>();
  private final Map<Node, Sink> byNode = new IdentityHashMap<>();
  private final List<String> notes = new ArrayList<>();

  /**
   * Makes room for layers.
   *
   * @param layers with constant weights; those whose form is not known are left out
   * @param maxBytes of all matrices together; layers beyond it are left out
   */
  InputGrams(GraphIndex index, List<Node> layers, long maxBytes) {
    long bytes = 0;
    for (Node node : layers) {
      Tensor weights = index.floatConstant(node.input(1));
      if (weights == null || !WeightMatrix.fits(node, weights)) {
        continue;
      }
      WeightMatrix matrix = WeightMatrix.of(node, weights);
      String value = node.inputs().getFirst();
      Map<String, Sink> sinks = byValue.computeIfAbsent(value, _ -> new LinkedHashMap<>());
      String form = node.is("Conv") ? node.attributes().toString() + weights.shape() : "rows";
      Sink known = sinks.get(form);
      if (known == null) {
        long needed = 4L * matrix.groups() * matrix.depth() * (matrix.depth() + CHUNK);
        if (bytes + needed > maxBytes) {
          notes.add(
              "'%s' is rounded to nearest: the Gram matrix of its inputs takes %d bytes"
                  .formatted(node.label(), needed));
          continue;
        }
        bytes += needed;
        known = new Sink(node, weights.shape(), matrix.groups(), matrix.depth());
        sinks.put(form, known);
      }
      byNode.put(node, known);
    }
  }

  /** The values to observe. */
  Set<String> values() {
    return new HashSet<>(byValue.keySet());
  }

  /** Looks at a value of a run; others than the layers' inputs are ignored. */
  void observe(String name, Value value) {
    Map<String, Sink> sinks = byValue.get(name);
    if (sinks != null && value instanceof Tensor tensor && tensor.dtype() == DType.FLOAT) {
      float[] values = tensor.toFloats();
      for (Sink sink : sinks.values()) {
        if (sink.node.is("Conv")) {
          addPatches(sink, tensor.shape(), values);
        } else {
          addRows(sink, values);
        }
      }
    }
  }

  private static void addRows(Sink sink, float[] values) {
    int rows = values.length / sink.depth;
    int taken = Math.min(rows, ROWS_PER_RUN);
    for (int i = 0; i < taken; i++) {
      int row = (int) ((long) i * rows / taken);
      int at = sink.next();
      for (int k = 0; k < sink.depth; k++) {
        float value = values[row * sink.depth + k];
        sink.buffer[at + k] = Float.isFinite(value) ? value : 0;
      }
    }
  }

  private static void addPatches(Sink sink, Shape shape, float[] values) {
    Patches patches = Patches.of(sink.node, shape, sink.weights);
    if (patches == null || patches.channels() * patches.taps() != sink.width()) {
      return;
    }
    int positions = patches.positions();
    int taken = Math.min(positions, ROWS_PER_RUN);
    for (int i = 0; i < taken; i++) {
      int position = (int) ((long) i * positions / taken);
      patches.copy(values, position, sink.buffer, sink.next());
    }
  }

  /** The matrices of the layer's inputs, one for each group; null when it was not observed. */
  float @Nullable [][] of(Node node) {
    Sink sink = byNode.get(node);
    if (sink == null) {
      return null;
    }
    sink.flush();
    return sink.grams;
  }

  /** What the reader of the report should know. */
  List<String> notes() {
    return notes;
  }
}
