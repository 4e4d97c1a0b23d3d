package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.compresso.evaluate.models.DecoderNetworks;
import io.compresso.evaluate.models.DecoderNetworks.DecoderSize;
import io.compresso.graph.Dim;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs whose shapes differ from those before: most of a plan and its memory are taken over. */
class GrowingShapesTest {
  private static final SessionOptions REFERENCE = SessionOptions.DEFAULT.withOptimised(false);

  @ParameterizedTest
  @EnumSource(DecoderNetworks.Weights.class)
  void decoder_agreesWithItsReference_whileItsCacheGrows(DecoderNetworks.Weights weights) {
    Model model = DecoderNetworks.ofAnyLength(DecoderSize.SMALL, weights);
    try (Session session = Session.create(model, SessionOptions.DEFAULT);
        Session reference = Session.create(model, REFERENCE)) {
      Map<String, Value> caches = new HashMap<>();
      for (int layer = 0; layer < 2; layer++) {
        for (String part : List.of(".key", ".value")) {
          caches.put(
              "present." + layer + part, Tensor.allocate(DType.FLOAT, Shape.of(1, 2, 0, 16)));
        }
      }
      for (int total = 5; total < 75; total++) {
        int tokens = total == 5 ? 5 : total == 30 ? 2 : 1;
        total += tokens == 2 ? 1 : 0;
        Map<String, Value> inputs = new HashMap<>();
        inputs.put("input_ids", longs(tokens, total % 50));
        inputs.put("attention_mask", longs(total, 1));
        caches.forEach((name, value) -> {
          if (name.startsWith("present")) {
            inputs.put(name.replace("present", "past_key_values"), value);
          }
        });
        caches = session.run(inputs);
        assertClose(reference.run(inputs), caches);
      }
    }
  }

  @Test
  void attention_isBound_whenTheTotalLengthIsAnInput() {
    try (Session session = Session.create(attention(), SessionOptions.DEFAULT);
        Session reference = Session.create(attention(), REFERENCE)) {
      for (int total : new int[] {1, 2, 3, 2, 40, 64, 40}) {
        for (int past : new int[] {total - 1, 64}) {
          Map<String, Value> inputs = attentionInputs(total, past);
          assertClose(reference.run(inputs), session.run(inputs));
          RunResult result = session.run(inputs, RunOptions.plain().withProfile());
          assertThat(result.profile().getFirst().kernels()).as("total %d", total).isNotEmpty();
          assertClose(reference.run(inputs), result.values());
        }
      }
    }
  }

  @Test
  void caches_mayBeWrittenWhereTheyAreRead() {
    Model model = attention();
    try (Session session = Session.create(model, SessionOptions.DEFAULT);
        Session reference = Session.create(model, REFERENCE)) {
      Map<String, Value> inputs = attentionInputs(3, 4096);
      Map<String, Tensor> results = new HashMap<>();
      results.put("y", Tensor.allocate(DType.FLOAT, Shape.of(1, 1, 32)));
      results.put("ck", (Tensor) inputs.get("pk"));
      results.put("cv", (Tensor) inputs.get("pv"));
      for (int total = 3; total < 7; total++) {
        inputs.put("last", Tensor.ofInts(Shape.of(1), total - 1));
        inputs.put("total", Tensor.ofInts(Shape.of(1), total));
        Map<String, Value> expected = reference.run(inputs);
        session.run(inputs, results);
        assertClose(expected, Map.copyOf(results));
      }
    }
  }

  @Test
  void inputs_areReadAnew_whenTheyAreReadInPlace() {
    try (Session session = Session.create(negation(), SessionOptions.DEFAULT)) {
      Tensor x = random(1, 40_000);
      Tensor other = random(2, 40_000);
      for (Tensor given : List.of(x, x, x, other, x, other, other)) {
        given.setFloat(7, given.getFloat(7) + 1);
        Tensor y = (Tensor) session.run(Map.of("x", given)).get("y");
        for (int i = 0; i < 40_000; i += 7) {
          assertThat(y.getFloat(i)).isEqualTo(-given.getFloat(i));
        }
      }
    }
  }

  @Test
  void results_areTheCallersOwn_whateverRunsFollow() {
    try (Session session = Session.create(negation(), SessionOptions.DEFAULT)) {
      for (int size : new int[] {20_000, 40_000, 20_000, 20_000}) {
        Tensor x = random(size, size);
        Tensor y = (Tensor) session.run(Map.of("x", x)).get("y");
        Tensor kept = y.copy();
        for (int i = 0; i < 3; i++) {
          session.run(Map.of("x", random(i, size)));
        }
        assertThat(y.segment().mismatch(kept.segment())).isEqualTo(-1);
      }
    }
  }

  @Test
  void weights_areThoseOfTheRun_whenTheyFollowFromItsShapes() {
    Dim free = Dim.symbol("n");
    Model model =
        Graphs.opset(17)
            .input("x", new TensorType(DType.FLOAT, List.of(Dim.of(2), Dim.of(3))))
            .input("z", new TensorType(DType.FLOAT, List.of(free)))
            .constant("dims", Tensor.ofLongs(Shape.of(2), 3, 2))
            .node("s = Shape z")
            .node("f = Cast s", "to", 1)
            .node("w = Expand f dims")
            .node("y = MatMul x w")
            .output("y")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      for (int n : new int[] {5, 7, 5, 9, 7}) {
        Map<String, Value> inputs = Map.of("x", ones(2, 3), "z", ones(n));
        assertThat(((Tensor) session.run(inputs).get("y")).getFloat(3)).isEqualTo(3 * n);
      }
    }
  }

  @Test
  void shapes_areBound_whenValuesOfInputsTellThem() {
    Model model =
        Graphs.opset(17)
            .input("x", new TensorType(DType.FLOAT, List.of(Dim.symbol("n"))))
            .input("shape", new TensorType(DType.INT64, List.of(Dim.of(2))))
            .node("r = Reshape x shape")
            .node("y = Softmax r", "axis", 1)
            .output("y")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT);
        Session reference = Session.create(model, REFERENCE)) {
      for (int rows : new int[] {2, 3, 2, 6, 4, 12, 1, 3}) {
        Map<String, Value> inputs =
            Map.of("x", random(rows, 12), "shape", Tensor.ofLongs(Shape.of(2), rows, 12 / rows));
        RunResult result = session.run(inputs, RunOptions.plain().withProfile());
        assertClose(reference.run(inputs), result.values());
        assertThat(result.profile().getLast().kernels()).as("%d rows", rows).isNotEmpty();
      }
    }
  }

  @Test
  void values_areThoseOfTheRun_whenTheyDoNotTellShapes() {
    Model model =
        Graphs.opset(17)
            .input("x", new TensorType(DType.FLOAT, List.of(Dim.symbol("n"))))
            .input("from", new TensorType(DType.INT64, List.of(Dim.of(1))))
            .constant("end", Tensor.ofLongs(Shape.of(1), 100))
            .constant("axis", Tensor.ofLongs(Shape.of(1), 1))
            .node("i = NonZero x")
            .node("s = Slice i from end axis")
            .node("y = Cast s", "to", 1)
            .output("y")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT);
        Session reference = Session.create(model, REFERENCE)) {
      for (int from : new int[] {0, 3, 1, 3, 0, 2}) {
        Map<String, Value> inputs =
            Map.of("x", random(from, 12), "from", Tensor.ofLongs(Shape.of(1), from));
        assertClose(reference.run(inputs), session.run(inputs));
      }
    }
  }

  @Test
  void memory_countsAsItIs_whenItIsTakenOver() {
    Plan plan = Planner.plan(GraphCompiler.compile(negation(), Set.of()), false, (_, _) -> null);
    try (BoundPlan large = bind(plan, 40_000);
        BoundPlan other = bind(plan, 30_000);
        BoundPlan small = bind(plan, 15_000);
        PlanMemory memory = PlanMemory.of(large, Long.MAX_VALUE, 1)) {
      assertThat(memory.holds(other)).as("nothing has run").isFalse();
      memory.run(RunOptions.plain(), null);
      assertThat(memory.bytes()).isEqualTo(large.bytes());
      assertThat(memory.holds(small)).isFalse();
      assertThat(memory.holds(other)).isTrue();
      assertThat(memory.takenOver(other, Long.MAX_VALUE).bytes()).isEqualTo(large.bytes());
    }
  }

  /** Of a vector of any length. */
  private static Model negation() {
    return Graphs.opset(17)
        .input("x", new TensorType(DType.FLOAT, List.of(Dim.symbol("n"))))
        .node("y = Neg x")
        .output("y")
        .model();
  }

  private static BoundPlan bind(Plan plan, long size) {
    return Binder.bind(
        plan,
        List.of(new TensorSpec(DType.FLOAT, Shape.of(size))),
        Collections.singletonList(null),
        new Binder.Setting(1, new KernelStore(), (_, _) -> null),
        null);
  }

  private static Tensor ones(long... dims) {
    Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, 1);
    }
    return tensor;
  }

  private static Model attention() {
    Dim free = Dim.symbol("past");
    TensorType cache = new TensorType(DType.FLOAT, List.of(Dim.of(1), Dim.of(2), free, Dim.of(8)));
    return Graphs.opset(17)
        .domain("com.microsoft", 1)
        .input("q", new TensorType(DType.FLOAT, List.of(Dim.of(1), Dim.of(1), Dim.of(64))))
        .input("pk", cache)
        .input("pv", cache)
        .input("last", new TensorType(DType.INT32, List.of(Dim.of(1))))
        .input("total", new TensorType(DType.INT32, List.of(Dim.of(1))))
        .node(
            "y ck cv = com.microsoft:GroupQueryAttention q _ _ pk pv last total",
            "num_heads",
            4,
            "kv_num_heads",
            2)
        .output("y", "ck", "cv")
        .model();
  }

  private static Map<String, Value> attentionInputs(int total, int past) {
    Map<String, Value> inputs = new HashMap<>();
    inputs.put("q", random(total, 1, 1, 64));
    inputs.put("pk", random(past, 1, 2, past, 8));
    inputs.put("pv", random(past + 1, 1, 2, past, 8));
    inputs.put("last", Tensor.ofInts(Shape.of(1), total - 1));
    inputs.put("total", Tensor.ofInts(Shape.of(1), total));
    return inputs;
  }

  private static Tensor longs(int count, long value) {
    long[] values = new long[count];
    Arrays.fill(values, value);
    return Tensor.ofLongs(Shape.of(1, count), values);
  }

  private static Tensor random(long seed, long... dims) {
    SplittableRandom random = new SplittableRandom(seed);
    Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, (float) (2 * random.nextDouble() - 1));
    }
    return tensor;
  }

  private static void assertClose(Map<String, Value> expected, Map<String, Value> actual) {
    expected.forEach((name, value) -> {
      Tensor a = (Tensor) value;
      Tensor b = (Tensor) actual.get(name);
      assertThat(b.shape()).as(name).isEqualTo(a.shape());
      for (long i = 0; i < a.size(); i++) {
        assertThat(b.getFloat(i)).as("%s[%d]", name, i).isCloseTo(a.getFloat(i), within(1e-3f));
      }
    });
  }
}
