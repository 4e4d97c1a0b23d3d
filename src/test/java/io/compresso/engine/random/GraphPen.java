package io.compresso.engine.random;

import io.compresso.graph.Dim;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** A model under construction, whose values have known shapes, and its seeded inputs. */
final class GraphPen {
  static final int OPSET = 17;

  private final SplittableRandom random;
  private final Graphs graphs = Graphs.opset(OPSET).domain("com.microsoft", 1);
  private final StringBuilder text = new StringBuilder();
  private final Map<String, Tensor> inputs = new LinkedHashMap<>();
  private int count;

  /** A value of a graph; {@code shape} is what it has with the inputs that belong to it. */
  record V(String name, DType dtype, List<Long> shape) {
    static V of(String name, DType dtype, long... shape) {
      return new V(name, dtype, java.util.Arrays.stream(shape).boxed().toList());
    }

    int rank() {
      return shape.size();
    }

    long dim(int axis) {
      return shape.get(axis < 0 ? axis + rank() : axis);
    }

    long size() {
      return shape.stream().reduce(1L, (a, b) -> a * b);
    }

    boolean isFloat() {
      return dtype == DType.FLOAT;
    }

    long[] dims() {
      return shape.stream().mapToLong(Long::longValue).toArray();
    }
  }

  GraphPen(long seed) {
    this.random = new SplittableRandom(seed);
  }

  /** Below {@code bound}. */
  int pick(int bound) {
    return random.nextInt(bound);
  }

  /** Once in so many times. */
  boolean once(int in) {
    return random.nextInt(in) == 0;
  }

  @SafeVarargs
  final <T> T oneOf(T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  /** Declares an input, whose first dimension may be free. */
  V input(String name, DType dtype, long... shape) {
    List<Dim> dims = new ArrayList<>();
    for (long dim : shape) {
      dims.add(dims.isEmpty() && once(2) ? Dim.symbol("n") : Dim.of(dim));
    }
    graphs.input(name, new ValueType.TensorType(dtype, dims));
    inputs.put(name, random(dtype, 1, shape));
    text.append("input ").append(name).append(' ').append(inputs.get(name)).append('\n');
    return V.of(name, dtype, shape);
  }

  /** Floats from {@code -range} to {@code range}; integers from -5 to 5, bytes of all values. */
  Tensor random(DType dtype, double range, long... shape) {
    Tensor tensor = Tensor.allocate(dtype, Shape.of(shape));
    for (long i = 0; i < tensor.size(); i++) {
      if (dtype.isFloat()) {
        tensor.setFloat(i, (float) ((random.nextDouble() * 2 - 1) * range));
      } else if (dtype.bits() == 8) {
        tensor.setLong(i, random.nextInt(255) - (dtype == DType.INT8 ? 127 : 0));
      } else {
        tensor.setLong(i, random.nextInt(11) - 5);
      }
    }
    return tensor;
  }

  V constant(Tensor tensor) {
    String name = "c" + count++;
    graphs.constant(name, tensor);
    text.append(name).append(" = ").append(tensor);
    if (tensor.size() <= 8) {
      text.append(' ');
      for (long i = 0; i < tensor.size(); i++) {
        text.append(tensor.getDouble(i)).append(' ');
      }
    }
    text.append('\n');
    return V.of(name, tensor.dtype(), tensor.shape().dims());
  }

  /** Random floats as a constant. */
  V weights(double range, long... shape) {
    return constant(random(DType.FLOAT, range, shape));
  }

  V scalar(double value) {
    return constant(Tensor.scalar((float) value));
  }

  V longs(long... values) {
    return constant(Tensor.ofLongs(Shape.of(values.length), values));
  }

  /**
   * Adds a node of one output.
   *
   * @param call {@code "Op a b"} with a {@code %} for each of {@code operands}; {@code _} for an
   *     omitted one
   * @param attributes names and values in turn
   */
  V node(DType dtype, List<Long> shape, String call, List<V> operands, Object... attributes) {
    String name = "v" + count++;
    add(List.of(name), call, operands, attributes);
    return new V(name, dtype, shape);
  }

  /** As {@link #node}, the result like the first operand. */
  V like(String call, List<V> operands, Object... attributes) {
    return node(operands.getFirst().dtype, operands.getFirst().shape, call, operands, attributes);
  }

  /** Adds a node of several outputs of the given shapes. */
  List<V> nodes(DType dtype, List<List<Long>> shapes, String call, List<V> operands, Object... a) {
    List<V> results = new ArrayList<>();
    for (List<Long> shape : shapes) {
      results.add(new V("v" + count++, dtype, shape));
    }
    add(results.stream().map(V::name).toList(), call, operands, a);
    return results;
  }

  private void add(List<String> results, String call, List<V> operands, Object... attributes) {
    String line = call;
    for (V operand : operands) {
      line = line.replaceFirst("%", operand.name);
    }
    line = String.join(" ", results) + " = " + line;
    graphs.node(line, attributes);
    text.append(line);
    for (int i = 0; i < attributes.length; i += 2) {
      Object value = attributes[i + 1];
      text.append("  ")
          .append(attributes[i])
          .append('=')
          .append(value instanceof long[] longs ? java.util.Arrays.toString(longs) : value);
    }
    text.append('\n');
  }

  /** Ends the graph. */
  RandomGraph end(List<V> outputs) {
    graphs.output(outputs.stream().map(V::name).distinct().toArray(String[]::new));
    text.append("outputs ").append(outputs).append('\n');
    Model model = graphs.model();
    return new RandomGraph(
        new Model(
            8,
            model.opsetImports(),
            model.producer(),
            model.graph(),
            model.functions(),
            model.annotations()),
        inputs,
        text.toString());
  }
}
