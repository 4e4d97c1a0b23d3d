package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Annotations;
import io.compresso.graph.Function;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Small models that ask for much are computed cheaply, or refused with a reason. */
class HostileModelsTest {
  private static final ValueType FOUR = ValueType.tensor(DType.FLOAT, Shape.of(4));

  private static Function function(int index, String... lines) {
    return new Function(
        "F" + index,
        "local",
        "",
        List.of("a"),
        List.of("r"),
        List.of(),
        Map.of(),
        Stream.of(lines).map(Graphs::parse).toList(),
        Map.of("", 17, "local", 1),
        Map.of(),
        Annotations.NONE);
  }

  /** Functions of which each is {@code body} of the one before it. */
  private static Model calls(int count, String... body) {
    Graphs graphs = Graphs.opset(17).domain("local", 1).input("x", FOUR);
    graphs.function(function(0, "r = Sin a"));
    for (int i = 1; i < count; i++) {
      String before = "F" + (i - 1);
      graphs.function(
          function(
              i,
              Stream.of(body).map(line -> line.replace("Before", before)).toArray(String[]::new)));
    }
    return graphs.node("y = local:F%d x".formatted(count - 1)).output("y").model();
  }

  private static Map<String, Value> run(Model model, boolean optimised, Map<String, Tensor> given) {
    SessionOptions options = SessionOptions.DEFAULT.withOptimised(optimised);
    try (Session session = Session.create(model, options)) {
      return session.run(given);
    }
  }

  @Test
  void functions_areComputed_whenTheyAreNestedDeep() {
    Model model = calls(200, "r = local:Before a");
    Tensor x = Tensor.ofFloats(Shape.of(4), 0, 1, 2, 3);
    Tensor y = (Tensor) run(model, true, Map.of("x", x)).get("y");
    assertThat(y.getFloat(1)).isEqualTo((float) Math.sin(1));
  }

  @ParameterizedTest
  @ValueSource(ints = {300, 1000, 5000})
  void functions_areRefused_whenTheyAreNestedTooDeep(int count) {
    Model model = calls(count, "r = local:Before a");
    assertThatThrownBy(() -> Session.create(model, SessionOptions.DEFAULT))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("deep");
  }

  @ParameterizedTest
  @ValueSource(ints = {20, 70})
  void functions_areRefused_whenTheyDoubleTooOften(int count) {
    Model model = calls(count, "t = local:Before a", "r = local:Before t");
    assertThatThrownBy(() -> Session.create(model, SessionOptions.DEFAULT))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("nodes when all calls are written out");
  }

  @Test
  void sequence_ofOneTensorManyTimes_holdsItOnce() {
    Graph body =
        Graphs.opset(17)
            .input("i", ValueType.tensor(DType.INT64, Shape.SCALAR))
            .input("c", ValueType.tensor(DType.BOOL, Shape.SCALAR))
            .input("q", new ValueType.SequenceType(ValueType.tensor(DType.FLOAT, Shape.of(4096))))
            .node("more = Identity c")
            .node("q2 = SequenceInsert q x")
            .output("more", "q2")
            .graph();
    Model model =
        Graphs.opset(17)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(4096)))
            .constant("t", Tensor.scalar(500L))
            .node("q = SequenceEmpty")
            .node("r = Loop t _ q", "body", body)
            .node("y = SequenceLength r")
            .output("r", "y")
            .model();
    Map<String, Tensor> given = Map.of("x", Tensor.allocate(DType.FLOAT, Shape.of(4096)));
    SessionOptions options = new SessionOptions(1, 1 << 20);
    try (Session session = Session.create(model, options)) {
      for (int i = 0; i < 3; i++) {
        Map<String, Value> values = session.run(given);
        assertThat(((Tensor) values.get("y")).getLong(0)).isEqualTo(500);
        assertThat(((TensorSequence) values.get("r")).elements())
            .hasSize(500)
            .extracting(element -> ((Tensor) element).segment().address())
            .containsOnly(
                ((Tensor) ((TensorSequence) values.get("r")).elements().getFirst())
                    .segment()
                    .address());
      }
    }
  }

  @Test
  void ngrams_areCounted_whenSkipsAreLargerThanTheRow() {
    Node node =
        Graphs.parse(
            "y = TfIdfVectorizer x",
            "mode",
            "TF",
            "min_gram_length",
            1L,
            "max_gram_length",
            Long.MAX_VALUE,
            "max_skip_count",
            Long.MAX_VALUE,
            "ngram_counts",
            new long[] {0, 1},
            "ngram_indexes",
            new long[] {0, 1},
            "pool_int64s",
            new long[] {2, 2, 3});
    Model model =
        Graphs.opset(17)
            .input("x", ValueType.tensor(DType.INT64, Shape.of(4)))
            .node(node)
            .output("y")
            .model();
    Tensor x = Tensor.ofLongs(Shape.of(4), 2, 3, 2, 3);
    Tensor y = (Tensor) run(model, true, Map.of("x", x)).get("y");
    assertThat(y.toFloats()).containsExactly(2, 3);
  }

  @Test
  void convolution_isRefused_whenItsKernelIsEmpty() {
    Model model =
        Graphs.opset(17)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(1, 1, 5, 5)))
            .constant("w", Tensor.allocate(DType.FLOAT, Shape.of(1, 1, 0, 3)))
            .node("y = Conv x w", "kernel_shape", new long[] {3, 3})
            .output("y")
            .model();
    Map<String, Tensor> given = Map.of("x", Tensor.allocate(DType.FLOAT, Shape.of(1, 1, 5, 5)));
    assertThatThrownBy(() -> run(model, true, given)).isInstanceOf(GraphException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "y z = GlobalAveragePool x",
        "y z = ConvTranspose x w",
        "y z = com.microsoft:FusedConv x w",
        "y z = com.microsoft:BiasGelu x b",
        "y i z = MaxPool x"
      })
  void node_isRefused_whenItNamesAnOutputTooMany(String line) {
    Graphs graphs =
        Graphs.opset(17)
            .domain("com.microsoft", 1)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(1, 2, 3, 3)))
            .constant("w", Tensor.allocate(DType.FLOAT, Shape.of(2, 2, 1, 1)))
            .constant("b", Tensor.allocate(DType.FLOAT, Shape.of(3)))
            .node(Graphs.parse(line, "kernel_shape", new long[] {1, 1}))
            .output("y", "z");
    Map<String, Tensor> given = Map.of("x", Tensor.allocate(DType.FLOAT, Shape.of(1, 2, 3, 3)));
    assertThatThrownBy(() -> run(graphs.model(), true, given))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("'z'");
  }

  @Test
  void run_isRefused_whenAResultIsForNoOutput() {
    Model model = Graphs.opset(17).input("x", FOUR).node("y = Neg x").output("y").model();
    Tensor x = Tensor.ofFloats(Shape.of(4), 0, 1, 2, 3);
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      assertThatThrownBy(() -> session.run(Map.of("x", x), Map.of("zz", x.copy())))
          .isInstanceOf(GraphException.class)
          .hasMessageContaining("zz")
          .hasMessageContaining("y");
    }
  }

  @Test
  void squeeze_ofNoAxes_removesAllOfSizeOne() {
    Model model =
        Graphs.opset(17)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(1, 3, 1)))
            .constant("none", Tensor.ofLongs(Shape.of(0)))
            .node("y = Squeeze x none")
            .output("y")
            .model();
    Map<String, Tensor> given = Map.of("x", Tensor.ofFloats(Shape.of(1, 3, 1), 1, 2, 3));
    assertThat(
            IntStream.range(0, 2)
                .mapToObj(i -> ((Tensor) run(model, i == 0, given).get("y")).shape()))
        .containsOnly(Shape.of(3));
  }
}
