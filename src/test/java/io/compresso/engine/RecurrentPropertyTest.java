package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Recurrent nodes as kernels against their references. */
class RecurrentPropertyTest {
  private static final String[] DIRECTIONS = {"forward", "reverse", "bidirectional"};

  static LongStream seeds() {
    return LongStream.range(0, 60);
  }

  /** A recurrent node of random sizes with constant weights. */
  private record Network(Model model, Map<String, Tensor> inputs) {
    static Network of(String opType, int gates, long seed) {
      return of(opType, gates, seed, false);
    }

    /** With weights of 8 bits that are dequantized. */
    static Network ofBytes(String opType, int gates, long seed) {
      return of(opType, gates, seed, true);
    }

    private static Network of(String opType, int gates, long seed, boolean bytes) {
      SplittableRandom random = new SplittableRandom(seed);
      String direction = DIRECTIONS[random.nextInt(3)];
      int directions = direction.equals("bidirectional") ? 2 : 1;
      int steps = 1 + random.nextInt(6);
      int batch = 1 + random.nextInt(3);
      int inputs = 1 + random.nextInt(20);
      int hidden = 1 + random.nextInt(40);
      boolean stated = random.nextBoolean();
      boolean biased = random.nextBoolean();
      Graphs graph = Graphs.opset(17);
      Map<String, Tensor> given = new LinkedHashMap<>();
      Tensor x = tensor(random, 1, steps, batch, inputs);
      given.put("x", x);
      graph.input("x", ValueType.tensor(DType.FLOAT, x.shape()));
      long rows = (long) gates * hidden;
      weights(graph, random, "w", bytes, Shape.of(directions, rows, inputs));
      weights(graph, random, "r", bytes, Shape.of(directions, rows, hidden));
      graph.constant("b", tensor(random, 0.5, directions, 2L * gates * hidden));
      String states = "";
      if (stated) {
        Tensor h = tensor(random, 1, directions, batch, hidden);
        given.put("h", h);
        graph.input("h", ValueType.tensor(DType.FLOAT, h.shape()));
        states = " _ h";
        if (gates == 4) {
          given.put("c", tensor(random, 1, directions, batch, hidden));
          graph.input("c", ValueType.tensor(DType.FLOAT, h.shape()));
          states += " c";
        }
      }
      boolean all = random.nextBoolean();
      String outputs = (all ? "y" : "_") + " yh" + (gates == 4 ? " yc" : "");
      graph.node(
          outputs + " = " + opType + " x w r " + (biased ? "b" : "_") + states,
          "hidden_size",
          (long) hidden,
          "direction",
          direction,
          "linear_before_reset",
          gates == 3 ? (long) random.nextInt(2) : 0L);
      graph.output(outputs.replace("_ ", "").split(" "));
      return new Network(graph.model(), given);
    }

    private static void weights(
        Graphs graph, SplittableRandom random, String name, boolean bytes, Shape shape) {
      if (!bytes) {
        graph.constant(name, tensor(random, 0.5, shape.dims()));
        return;
      }
      Tensor values = Tensor.allocate(DType.INT8, shape);
      for (long i = 0; i < values.size(); i++) {
        values.setLong(i, random.nextInt(-127, 128));
      }
      Tensor scales = Tensor.allocate(DType.FLOAT, Shape.of(shape.dim(1)));
      for (long i = 0; i < scales.size(); i++) {
        scales.setFloat(i, (float) (0.5 / 127 * (1 + random.nextDouble())));
      }
      graph.constant(name + "_bytes", values);
      graph.constant(name + "_scales", scales);
      graph.node(name + " = DequantizeLinear " + name + "_bytes " + name + "_scales", "axis", 1L);
    }

    private static Tensor tensor(SplittableRandom random, double range, long... dims) {
      Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(dims));
      for (long i = 0; i < tensor.size(); i++) {
        tensor.setFloat(i, (float) ((random.nextDouble() * 2 - 1) * range));
      }
      return tensor;
    }
  }

  private static void agrees(Network network) {
    SessionOptions options = new SessionOptions(2, 1 << 30);
    try (Session plain = Session.create(network.model(), options.withOptimised(false));
        Session lowered = Session.create(network.model(), options)) {
      Map<String, Value> expected = plain.run(network.inputs());
      RunResult profiled = lowered.run(network.inputs(), RunOptions.plain().withProfile());
      assertThat(profiled.profile()).allSatisfy(row -> assertThat(row.kernels()).isNotEmpty());
      for (int run = 0; run < 2; run++) {
        Map<String, Value> actual = lowered.run(network.inputs());
        expected.forEach((name, value) -> {
          float[] want = ((Tensor) value).toFloats();
          float[] got = ((Tensor) actual.get(name)).toFloats();
          assertThat(got).hasSameSizeAs(want);
          for (int i = 0; i < want.length; i++) {
            assertThat(got[i]).as(name + i).isCloseTo(want[i], within());
          }
        });
      }
    }
  }

  private static org.assertj.core.data.Offset<Float> within() {
    return org.assertj.core.data.Offset.offset(1e-4f);
  }

  @ParameterizedTest(name = "seed = {0}")
  @MethodSource("seeds")
  void lstm_isTheReference_whenLowered(long seed) {
    agrees(Network.of("LSTM", 4, seed));
  }

  @ParameterizedTest(name = "seed = {0}")
  @MethodSource("seeds")
  void gru_isTheReference_whenLowered(long seed) {
    agrees(Network.of("GRU", 3, seed));
  }

  @ParameterizedTest(name = "seed = {0}")
  @MethodSource("seeds")
  void rnn_isTheReference_whenLowered(long seed) {
    agrees(Network.of("RNN", 1, seed));
  }

  @ParameterizedTest(name = "seed = {0}")
  @MethodSource("seeds")
  void gruAndRnnOfBytes_areCloseToTheirReference_whenLowered(long seed) {
    boolean gru = seed % 2 == 0;
    Network network = Network.ofBytes(gru ? "GRU" : "RNN", gru ? 3 : 1, seed);
    SessionOptions options = new SessionOptions(2, 1 << 30);
    try (Session plain = Session.create(network.model(), options.withOptimised(false));
        Session lowered = Session.create(network.model(), options)) {
      RunResult profiled = lowered.run(network.inputs(), RunOptions.plain().withProfile());
      assertThat(profiled.profile())
          .singleElement()
          .satisfies(row -> assertThat(row.opType()).startsWith("Quantized"))
          .satisfies(row -> assertThat(row.kernels()).isNotEmpty());
      double signal = 0;
      double noise = 0;
      for (Map.Entry<String, Value> output : plain.run(network.inputs()).entrySet()) {
        float[] want = ((Tensor) output.getValue()).toFloats();
        float[] got = ((Tensor) profiled.values().get(output.getKey())).toFloats();
        for (int i = 0; i < want.length; i++) {
          signal += want[i] * want[i];
          noise += (got[i] - want[i]) * (got[i] - want[i]);
        }
      }
      assertThat(10 * Math.log10(signal / noise)).as("dB").isGreaterThan(30);
    }
  }
}
