package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Function;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class SessionTest {
  private static final ValueType VECTOR =
      new ValueType.TensorType(DType.FLOAT, List.of(Dim.symbol("n")));

  private static Graphs chain() {
    return Graphs.opset(17)
        .input("x", VECTOR)
        .constant("one", Tensor.ofFloats(Shape.of(1), 1))
        .node("two = Add one one")
        .node("a = Add x two")
        .node("b = Mul a a")
        .node("c = Sub b x")
        .node("y = Relu c")
        .output("y");
  }

  private static Tensor x(float... values) {
    return Tensor.ofFloats(Shape.of(values.length), values);
  }

  private static float[] floats(Value value) {
    return ((Tensor) value).toFloats();
  }

  @Test
  void run_givesOutputsThatLaterRunsLeaveAlone() {
    try (Session session = Session.create(chain().model(), SessionOptions.DEFAULT)) {
      Value first = session.run(Map.of("x", x(1, -2))).get("y");
      Value second = session.run(Map.of("x", x(3, 4, 5))).get("y");
      assertThat(floats(first)).containsExactly(8, 2);
      assertThat(floats(second)).containsExactly(22, 32, 44);
    }
  }

  @Test
  void fetch_givesValuesInBetween() {
    try (Session session = Session.create(chain().model(), SessionOptions.DEFAULT)) {
      Map<String, Value> values = session.run(Map.of("x", x(1)), Set.of("a", "b", "two"));
      assertThat(values.keySet()).containsExactlyInAnyOrder("y", "a", "b", "two");
      assertThat(floats(values.get("a"))).containsExactly(3);
      assertThat(floats(values.get("b"))).containsExactly(9);
      assertThat(floats(values.get("two"))).containsExactly(2);
      assertThatThrownBy(() -> session.run(Map.of("x", x(1)), Set.of("zz")))
          .hasMessageContaining("'zz'");
    }
  }

  @Test
  void listener_seesComputedValuesInOrder() {
    try (Session session = Session.create(chain().model(), SessionOptions.DEFAULT)) {
      List<String> seen = new ArrayList<>();
      session.run(Map.of("x", x(1)), (name, value) -> seen.add(name + floats(value)[0]));
      assertThat(seen).containsExactly("a3.0", "b9.0", "c8.0", "y8.0");
    }
  }

  @Test
  void memory_isUsedAgain_withinARun() {
    Graphs graphs = Graphs.opset(17).input("v0", VECTOR);
    for (int i = 0; i < 50; i++) {
      graphs.node("v" + (i + 1) + " = Neg v" + i);
    }
    Model model = graphs.output("v50").model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      RunResult result =
          session.run(Map.of("v0", x(new float[1 << 16])), RunOptions.plain().withProfile());
      assertThat(result.peakBytes()).isLessThanOrEqualTo(2 * 4 << 16);
      assertThat(result.profile()).hasSize(50);
      assertThat(result.profile().getFirst().bytes()).isEqualTo(4 << 16);
    }
  }

  @Test
  void run_isRefusedNamingTheNode_whenTheMemoryLimitIsReached() {
    SessionOptions options = new SessionOptions(1, 13_000);
    try (Session session = Session.create(chain().model(), options)) {
      assertThat(session.run(Map.of("x", x(new float[1000])))).containsKey("y");
      assertThatThrownBy(() -> session.run(Map.of("x", x(new float[2000]))))
          .isInstanceOf(GraphException.class)
          .hasMessageMatching("node '[abcy]' .*")
          .hasMessageContaining("memory limit of 13000");
      assertThat(session.run(Map.of("x", x(new float[1000])))).containsKey("y");
    }
  }

  @Test
  void run_stopsBetweenOperators_whenCancelled() {
    try (Session session = Session.create(chain().model(), SessionOptions.DEFAULT)) {
      CancelToken cancel = new CancelToken();
      List<String> seen = new ArrayList<>();
      RunOptions options =
          RunOptions.plain()
              .withCancel(cancel)
              .withListener((name, _) -> {
                seen.add(name);
                cancel.cancel();
              });
      assertThatThrownBy(() -> session.run(Map.of("x", x(1)), options))
          .isInstanceOf(CancellationException.class);
      assertThat(seen).containsExactly("a");
    }
  }

  @Test
  void inputs_areChecked() {
    try (Session session = Session.create(chain().model(), SessionOptions.DEFAULT)) {
      assertThatThrownBy(() -> session.run(Map.of())).hasMessageContaining("'x' is missing");
      assertThatThrownBy(() -> session.run(Map.of("q", x(1)))).hasMessageContaining("no input 'q'");
      assertThatThrownBy(() -> session.run(Map.of("x", Tensor.scalar(1f))))
          .hasMessageContaining("input 'x' is float[], the model declares float[n]");
      assertThatThrownBy(() -> session.run(Map.of("x", Tensor.ofInts(Shape.of(1), 1))))
          .hasMessageContaining("int32[1]");
    }
  }

  @Test
  void session_isRefused_whenAnOperatorIsNotKnown() {
    Model model = Graphs.opset(17).input("x", VECTOR).node("y = Frobnicate x").output("y").model();
    assertThatThrownBy(() -> Session.create(model, SessionOptions.DEFAULT))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("Frobnicate");
  }

  @Test
  void initializer_isReplaced_whenItIsAlsoAnInputThatIsGiven() {
    Model model =
        Graphs.opset(17)
            .input("x", VECTOR)
            .input("w", VECTOR)
            .constant("w", x(10))
            .node("y = Add x w")
            .output("y")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      assertThat(floats(session.run(Map.of("x", x(1))).get("y"))).containsExactly(11);
      assertThat(floats(session.run(Map.of("x", x(1), "w", x(5))).get("y"))).containsExactly(6);
      assertThat(floats(session.run(Map.of("x", x(1))).get("y"))).containsExactly(11);
    }
  }

  @Test
  void function_isCalledWithTheAttributesOfTheCall() {
    Function leaky =
        new Function(
            "Leak",
            "local",
            "",
            List.of("a", "bias"),
            List.of("r"),
            List.of("slope"),
            Map.of(),
            List.of(
                Graphs.parse("l = LeakyRelu a", "alpha", new Attribute.Reference("slope", 1)),
                Graphs.parse("r = Neg l")),
            Map.of("", 17),
            Map.of(),
            Annotations.NONE);
    Model model =
        Graphs.opset(17)
            .domain("local", 1)
            .function(leaky)
            .input("x", VECTOR)
            .node("u = local:Leak x", "slope", 0.5f)
            .node("y = local:Leak u", "slope", 0.25f)
            .output("y")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      assertThat(floats(session.run(Map.of("x", x(-4, 4))).get("y"))).containsExactly(-2, 1);
    }
  }

  @Test
  void runs_mayOverlap() throws Exception {
    try (Session session = Session.create(chain().model(), SessionOptions.DEFAULT);
        ExecutorService pool = Executors.newFixedThreadPool(8)) {
      Map<Float, Future<Value>> results = new LinkedHashMap<>();
      for (int i = 0; i < 400; i++) {
        float value = i;
        results.put(
            value,
            pool.submit(() -> {
              float[] values = new float[1 + (int) value % 50];
              values[0] = value;
              return session.run(Map.of("x", x(values))).get("y");
            }));
      }
      for (Map.Entry<Float, Future<Value>> result : results.entrySet()) {
        float value = result.getKey();
        assertThat(floats(result.getValue().get())[0]).isEqualTo((value + 2) * (value + 2) - value);
      }
    }
  }
}
