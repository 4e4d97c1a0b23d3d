package io.compresso.evaluate;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import io.compresso.engine.RunOptions;
import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.evaluate.models.DecoderNetworks;
import io.compresso.evaluate.models.DecoderNetworks.DecoderSize;
import io.compresso.evaluate.models.DecoderNetworks.Weights;
import io.compresso.graph.Model;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Times a decoder of any length in our engine and in ONNX Runtime: a prompt, then token after token
 * with caches that grow, the two in turns. Arguments: {@code FLOAT|INT4 [threads [prompt
 * [steps]]]}.
 */
public final class DecoderBench {
  private static final int ROUNDS = 3;

  private final DecoderSize size;
  private final int prompt;
  private final int steps;

  private DecoderBench(DecoderSize size, int prompt, int steps) {
    this.size = size;
    this.prompt = prompt;
    this.steps = steps;
  }

  /** Runs one token or prompt; keeps the caches. */
  private interface Decoder {
    void reset() throws Exception;

    void run(int tokens, int total) throws Exception;
  }

  public static void main(String[] arguments) throws Exception {
    Weights weights = Weights.valueOf(arguments[0]);
    int threads = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 1;
    int prompt = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 128;
    int steps = arguments.length > 3 ? Integer.parseInt(arguments[3]) : 100;
    DecoderSize size = DecoderSize.BASE;
    new DecoderBench(size, prompt, steps).run(DecoderNetworks.ofAnyLength(size, weights), threads);
  }

  private void run(Model model, int threads) throws Exception {
    OrtEnvironment environment = OnnxRuntimePeer.environment();
    OrtSession.SessionOptions options = new OrtSession.SessionOptions();
    options.setIntraOpNumThreads(threads);
    options.setInterOpNumThreads(1);
    options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
    try (Session session = Session.create(model, SessionOptions.DEFAULT.withThreads(threads));
        OrtSession peer = environment.createSession(OnnxCodec.write(model), options)) {
      Ours ours = new Ours(session);
      Theirs theirs = new Theirs(environment, peer);
      for (int round = 0; round < ROUNDS; round++) {
        print("ours", ours);
        print("peer", theirs);
      }
      profile(session, ours.inputs(1, prompt + steps + 1));
    }
  }

  private void print(String name, Decoder decoder) throws Exception {
    decoder.reset();
    long start = System.nanoTime();
    decoder.run(prompt, prompt);
    double first = (System.nanoTime() - start) / 1e6;
    double[] each = new double[steps];
    for (int i = 0; i < steps; i++) {
      start = System.nanoTime();
      decoder.run(1, prompt + 1 + i);
      each[i] = (System.nanoTime() - start) / 1e6;
    }
    double sum = Arrays.stream(each).sum();
    Arrays.sort(each);
    System.out.printf(
        "%s prompt %.2f ms, step mean %.3f median %.3f p90 %.3f worst %.3f ms%n",
        name, first, sum / steps, each[steps / 2], each[steps * 9 / 10], each[steps - 1]);
  }

  private static void profile(Session session, Map<String, Value> inputs) {
    session.run(inputs);
    Map<String, double[]> kinds = new LinkedHashMap<>();
    session
        .run(inputs, RunOptions.plain().withProfile())
        .profile()
        .forEach(node -> {
          String kind = node.opType() + (node.kernels().isEmpty() ? " (no kernel)" : "");
          double[] sums = kinds.computeIfAbsent(kind, _ -> new double[2]);
          sums[0] += node.nanos() / 1e6;
          sums[1]++;
        });
    kinds.forEach(
        (kind, sums) -> System.out.printf("%-50s %3.0f %.3f ms%n", kind, sums[1], sums[0]));
  }

  private final class Ours implements Decoder {
    private final Session session;
    private Map<String, Value> caches = new HashMap<>();

    Ours(Session session) {
      this.session = session;
    }

    @Override
    public void reset() {
      caches = new HashMap<>();
      for (int layer = 0; layer < size.layers(); layer++) {
        for (String part : List.of("key", "value")) {
          caches.put(
              "present." + layer + "." + part,
              Tensor.allocate(
                  DType.FLOAT, Shape.of(1, size.shared(), 0, size.hidden() / size.heads())));
        }
      }
    }

    Map<String, Value> inputs(int tokens, int total) {
      Map<String, Value> inputs = new HashMap<>();
      long[] ids = new long[tokens];
      Arrays.fill(ids, 7);
      long[] mask = new long[total];
      Arrays.fill(mask, 1);
      inputs.put("input_ids", Tensor.ofLongs(Shape.of(1, tokens), ids));
      inputs.put("attention_mask", Tensor.ofLongs(Shape.of(1, total), mask));
      caches.forEach((name, value) -> {
        if (name.startsWith("present")) {
          inputs.put(name.replace("present", "past_key_values"), value);
        }
      });
      return inputs;
    }

    @Override
    public void run(int tokens, int total) {
      caches = session.run(inputs(tokens, total));
    }
  }

  private final class Theirs implements Decoder {
    private final OrtEnvironment environment;
    private final OrtSession session;
    private final Map<String, OnnxTensor> empty = new HashMap<>();
    private OrtSession.Result last;

    Theirs(OrtEnvironment environment, OrtSession session) {
      this.environment = environment;
      this.session = session;
    }

    @Override
    public void reset() throws Exception {
      if (last != null) {
        last.close();
        last = null;
      }
      for (int layer = 0; layer < size.layers(); layer++) {
        for (String part : List.of("key", "value")) {
          long[] shape = {1, size.shared(), 0, size.hidden() / size.heads()};
          empty.put(
              "past_key_values." + layer + "." + part,
              OnnxTensor.createTensor(environment, java.nio.FloatBuffer.allocate(0), shape));
        }
      }
    }

    @Override
    public void run(int tokens, int total) throws Exception {
      Map<String, OnnxTensor> inputs = new HashMap<>(empty);
      long[] ids = new long[tokens];
      Arrays.fill(ids, 7);
      long[] mask = new long[total];
      Arrays.fill(mask, 1);
      try (OnnxTensor x =
              OnnxTensor.createTensor(environment, LongBuffer.wrap(ids), new long[] {1, tokens});
          OnnxTensor attention =
              OnnxTensor.createTensor(environment, LongBuffer.wrap(mask), new long[] {1, total})) {
        inputs.put("input_ids", x);
        inputs.put("attention_mask", attention);
        if (last != null) {
          last.forEach(entry -> {
            if (entry.getKey().startsWith("present")) {
              inputs.put(
                  entry.getKey().replace("present", "past_key_values"),
                  (OnnxTensor) entry.getValue());
            }
          });
        }
        OrtSession.Result next = session.run(inputs);
        if (last != null) {
          last.close();
        }
        last = next;
      }
    }
  }
}
