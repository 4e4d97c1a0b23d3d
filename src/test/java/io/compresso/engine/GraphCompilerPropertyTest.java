package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.engine.pass.LayoutChoice;
import io.compresso.graph.Dim;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Compiled convolutional graphs, in both layouts, give what the graph gives as it is written. */
class GraphCompilerPropertyTest {
  static LongStream seeds() {
    return LongStream.range(0, 150);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void floats_areTheSame_whenCompiled(long seed) {
    compare(new RandomNetwork(seed, false).model(), seed);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void quantizedValues_areTheSameButForSteps_whenCompiled(long seed) {
    compare(new RandomNetwork(seed, true).model(), seed);
  }

  private static void compare(Model model, long seed) {
    SessionOptions options = SessionOptions.DEFAULT.withThreads(1);
    Map<String, Tensor> inputs = Map.of("x", random(new SplittableRandom(seed), 2, 4, 9, 8));
    Map<String, Value> expected;
    try (Session session = Session.create(model, options.withOptimised(false))) {
      expected = session.run(inputs);
    }
    for (LayoutChoice layout : LayoutChoice.values()) {
      Model compiled = GraphCompiler.compile(model, Set.of(), layout);
      try (Session session = Session.ofCompiled(compiled, options)) {
        Map<String, Value> actual = session.run(inputs);
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, value) ->
            assertClose(layout + " " + name, (Tensor) value, (Tensor) actual.get(name)));
      }
    }
  }

  private static void assertClose(String name, Tensor expected, Tensor actual) {
    assertThat(actual.shape()).as(name).isEqualTo(expected.shape());
    assertThat(actual.dtype()).as(name).isEqualTo(expected.dtype());
    boolean steps = expected.dtype().isInteger();
    long apart = 0;
    long further = 0;
    for (long i = 0; i < expected.size(); i++) {
      double want = expected.getDouble(i);
      double difference = Math.abs(actual.getDouble(i) - want);
      if (!steps) {
        assertThat(difference)
            .as("%s[%d]", name, i)
            .isLessThanOrEqualTo(1e-4 * Math.max(1, Math.abs(want)));
      }
      apart += difference > 0 ? 1 : 0;
      further += difference > 1 ? 1 : 0;
    }
    if (steps) {
      // A step that one operator takes differently, the next ones pass on.
      assertThat(apart).as(name).isLessThanOrEqualTo(expected.size() / 20 + 8);
      assertThat(further).as(name).isLessThanOrEqualTo(expected.size() / 100 + 1);
    }
  }

  private static Tensor random(SplittableRandom random, long... dims) {
    Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, (float) (random.nextDouble() * 2 - 1));
    }
    return tensor;
  }

  /** A network over {@code [N, C, H, W]}, written node by node. */
  private static final class RandomNetwork {
    private record Value4(String name, int channels, int height, int width) {}

    private final SplittableRandom random;
    private final boolean quantized;
    private final Graphs graph = Graphs.opset(17);
    private final List<Value4> values = new ArrayList<>();
    private int count;

    RandomNetwork(long seed, boolean quantized) {
      this.random = new SplittableRandom(seed * 31 + (quantized ? 1 : 0));
      this.quantized = quantized;
    }

    Model model() {
      graph.input(
          "x",
          new ValueType.TensorType(
              DType.FLOAT, List.of(Dim.symbol("n"), Dim.of(4), Dim.of(9), Dim.of(8))));
      values.add(quantize(new Value4("x", 4, 9, 8)));
      for (int i = 0; i < 7; i++) {
        Value4 from = values.get(Math.max(0, values.size() - 1 - random.nextInt(2)));
        values.add(quantize(random.nextInt(5) < 2 ? conv(from) : other(from)));
      }
      List<String> outputs = new ArrayList<>(List.of(values.getLast().name()));
      String inner = values.get(1 + random.nextInt(values.size() - 2)).name();
      if (!outputs.contains(inner) && !inner.equals("x")) {
        outputs.add(inner);
      }
      if (quantized) {
        // The bytes, of which one in fifty may be a step apart.
        outputs.replaceAll(name -> name.replace("_real", "_bytes"));
      }
      graph.output(outputs.toArray(String[]::new));
      return graph.model();
    }

    private String name() {
      return "v" + count++;
    }

    private String constant(Tensor tensor) {
      String name = "c" + count++;
      graph.constant(name, tensor);
      return name;
    }

    /** The value through bytes and back. */
    private Value4 quantize(Value4 value) {
      if (!quantized) {
        return value;
      }
      boolean positive = random.nextBoolean();
      // Odd scales: halves between two steps are then rare.
      float step = (float) ((positive ? 0.02 : 0.031) * (1 + 0.3 * random.nextDouble()));
      String scale = constant(Tensor.scalar(step));
      Tensor zero = Tensor.allocate(DType.UINT8, Shape.SCALAR);
      zero.setLong(0, positive ? 100 : 128);
      String zeroPoint = constant(zero);
      String bytes = value.name() + "_bytes";
      String real = value.name() + "_real";
      graph.node("%s = QuantizeLinear %s %s %s".formatted(bytes, value.name(), scale, zeroPoint));
      graph.node("%s = DequantizeLinear %s %s %s".formatted(real, bytes, scale, zeroPoint));
      return new Value4(real, value.channels(), value.height(), value.width());
    }

    private Value4 conv(Value4 from) {
      boolean depthwise = random.nextInt(3) == 0;
      int out = depthwise ? from.channels() : 4 * (1 + random.nextInt(2));
      int group = depthwise ? from.channels() : 1;
      int kernel = random.nextBoolean() && from.height() > 2 && from.width() > 2 ? 3 : 1;
      int stride = 1 + random.nextInt(2);
      int pad = kernel / 2;
      String weights;
      if (quantized) {
        Tensor bytes =
            Tensor.allocate(DType.INT8, Shape.of(out, from.channels() / group, kernel, kernel));
        for (long i = 0; i < bytes.size(); i++) {
          bytes.setLong(i, random.nextInt(255) - 127);
        }
        Tensor scales = Tensor.allocate(DType.FLOAT, Shape.of(out));
        for (int i = 0; i < out; i++) {
          scales.setFloat(i, 0.001f * (1 + random.nextInt(5)));
        }
        weights = name();
        graph.node(
            "%s = DequantizeLinear %s %s".formatted(weights, constant(bytes), constant(scales)),
            "axis",
            0);
      } else {
        weights = constant(random(random, out, from.channels() / group, kernel, kernel));
      }
      String y = name();
      String bias = random.nextBoolean() ? constant(random(random, out)) : "";
      graph.node(
          "%s = Conv %s %s %s".formatted(y, from.name(), weights, bias).trim(),
          "group",
          group,
          "strides",
          new long[] {stride, stride},
          "pads",
          new long[] {pad, pad, pad, pad});
      Value4 result =
          new Value4(
              y,
              out,
              (from.height() + 2 * pad - kernel) / stride + 1,
              (from.width() + 2 * pad - kernel) / stride + 1);
      return switch (random.nextInt(4)) {
        case 0 -> unary(result, "Relu");
        case 1 -> quantized ? result : unary(result, "HardSwish");
        default -> result;
      };
    }

    private Value4 unary(Value4 from, String opType) {
      String y = name();
      graph.node(y + " = " + opType + " " + from.name());
      return new Value4(y, from.channels(), from.height(), from.width());
    }

    private Value4 other(Value4 from) {
      String y = name();
      Value4 same = new Value4(y, from.channels(), from.height(), from.width());
      switch (random.nextInt(14)) {
        case 0 -> graph.node(y + " = Sigmoid " + from.name());
        case 1 -> {
          graph.node(
              "%s = Add %s %s"
                  .formatted(y, from.name(), constant(random(random, from.channels(), 1, 1))));
        }
        case 2 ->
            graph.node("%s = Mul %s %s".formatted(y, from.name(), constant(Tensor.scalar(0.7f))));
        case 3, 4 -> {
          Value4 other = sameShape(from);
          graph.node("%s = Add %s %s".formatted(y, other.name(), from.name()));
          return random.nextBoolean() ? unary(same, "Relu") : same;
        }
        case 5 -> {
          Value4 other = sameShape(from);
          graph.node("%s = Concat %s %s".formatted(y, from.name(), other.name()), "axis", 1);
          return new Value4(y, 2 * from.channels(), from.height(), from.width());
        }
        case 6 -> {
          if (from.height() < 2 || from.width() < 2) {
            return unary(from, "Tanh");
          }
          graph.node(
              "%s = %s %s"
                  .formatted(y, random.nextBoolean() ? "MaxPool" : "AveragePool", from.name()),
              "kernel_shape",
              new long[] {2, 2},
              "strides",
              new long[] {2, 2});
          return new Value4(y, from.channels(), from.height() / 2, from.width() / 2);
        }
        case 7 -> {
          graph.node(
              "%s = Pad %s %s"
                  .formatted(
                      y,
                      from.name(),
                      constant(Tensor.ofLongs(Shape.of(8), 0, 1, 0, 1, 0, 0, 2, 0))));
          return new Value4(y, from.channels() + 1, from.height() + 2, from.width() + 1);
        }
        case 8 -> {
          graph.node(
              "%s = Resize %s _ %s"
                  .formatted(y, from.name(), constant(Tensor.ofFloats(Shape.of(4), 1, 1, 2, 2))),
              "mode",
              "nearest",
              "coordinate_transformation_mode",
              "asymmetric",
              "nearest_mode",
              "floor");
          return new Value4(y, from.channels(), 2 * from.height(), 2 * from.width());
        }
        case 9 -> graph.node(y + " = Softmax " + from.name(), "axis", 1);
        case 10 -> {
          String gate = name();
          graph.node(gate + " = GlobalAveragePool " + from.name());
          graph.node("%s = Mul %s %s".formatted(y, from.name(), gate));
        }
        case 11 -> {
          String mean = name();
          graph.node(
              mean + " = ReduceMean " + from.name(), "axes", new long[] {2, 3}, "keepdims", 1);
          graph.node("%s = Sub %s %s".formatted(y, from.name(), mean));
        }
        case 12 -> {
          graph.node(
              "%s = Slice %s %s %s %s"
                  .formatted(
                      y,
                      from.name(),
                      constant(Tensor.ofLongs(Shape.of(1), 0)),
                      constant(Tensor.ofLongs(Shape.of(1), from.channels() / 2)),
                      constant(Tensor.ofLongs(Shape.of(1), 1))));
          return new Value4(y, from.channels() / 2, from.height(), from.width());
        }
        default -> {
          String other = name();
          graph.node(
              "%s = Transpose %s".formatted(other, from.name()), "perm", new long[] {0, 2, 3, 1});
          graph.node("%s = Transpose %s".formatted(y, other), "perm", new long[] {0, 3, 1, 2});
        }
      }
      return same;
    }

    private Value4 sameShape(Value4 like) {
      return values.stream()
          .filter(value ->
              value.channels() == like.channels()
                  && value.height() == like.height()
                  && value.width() == like.width())
          .findFirst()
          .orElse(like);
    }
  }
}
