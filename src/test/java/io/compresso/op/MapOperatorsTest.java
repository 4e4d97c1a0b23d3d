package io.compresso.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.evaluate.PeerOptions;
import io.compresso.evaluate.Tolerance;
import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorMap;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Maps, as exports of scikit-learn end in them. */
class MapOperatorsTest {
  private static final Tolerance TOLERANCE = new Tolerance(1e-5, 1e-6);
  private static final Attribute NAMES = strings("setosa", "virginica", "versicolor");

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static Attribute strings(String... values) {
    return new Attribute.Strings(Stream.of(values).map(MapOperatorsTest::utf8).toList());
  }

  private static Attribute floats(float... values) {
    Float[] boxed = new Float[values.length];
    for (int i = 0; i < values.length; i++) {
      boxed[i] = values[i];
    }
    return new Attribute.Floats(List.of(boxed));
  }

  private static ValueType maps(DType key) {
    return new ValueType.SequenceType(
        new ValueType.MapType(key, ValueType.tensor(DType.FLOAT, Shape.SCALAR)));
  }

  /** A linear classifier and the names of its scores. */
  private static Model classifier(String labels, Attribute names, DType key, Dim rows) {
    Node classifier =
        Graphs.parse(
            "label scores = ai.onnx.ml:LinearClassifier x",
            labels,
            names,
            "coefficients",
            floats(1, -2, 0.5f, 0.25f, -1, 2),
            "intercepts",
            floats(0.1f, 0.2f, -0.3f),
            "post_transform",
            "SOFTMAX");
    String mapLabels = labels.equals("classlabels_ints") ? "classlabels_int64s" : labels;
    Model model =
        Graphs.opset(17)
            .domain("ai.onnx.ml", 1)
            .input("x", new ValueType.TensorType(DType.FLOAT, List.of(rows, Dim.of(2))))
            .node(classifier)
            .node("maps = ai.onnx.ml:ZipMap scores", mapLabels, names)
            .output("label", "maps")
            .model();
    return model.withGraph(
        new io.compresso.graph.Graph(
            "g",
            model.graph().inputs(),
            List.of(
                new ValueInfo("label", new ValueType.TensorType(key, null)),
                new ValueInfo("maps", maps(key))),
            model.graph().nodes(),
            model.graph().initializers(),
            Map.of(),
            model.graph().annotations()));
  }

  private static void check(Model model, Tensor x) {
    Map<String, Value> expected;
    try (OnnxRuntimePeer peer = OnnxRuntimePeer.open(OnnxCodec.write(model), PeerOptions.DEFAULT)) {
      expected = peer.run(Map.of("x", x));
    }
    for (boolean optimised : new boolean[] {true, false}) {
      try (Session session =
          Session.create(model, SessionOptions.DEFAULT.withOptimised(optimised))) {
        for (int run = 0; run < 2; run++) {
          Map<String, Value> ours = session.run(Map.of("x", x));
          assertThat(ours.keySet()).isEqualTo(expected.keySet());
          expected.forEach((name, value) ->
              assertThat(TOLERANCE.difference(value, ours.get(name))).as(name).isNull());
        }
      }
    }
  }

  @Test
  void zipMap_agrees_withNamesAndNumbers() {
    Tensor x = Tensor.ofFloats(Shape.of(3, 2), 1, 2, -1, 0.5f, 0, -3);
    check(classifier("classlabels_strings", NAMES, DType.STRING, Dim.symbol("n")), x);
    check(classifier("classlabels_strings", NAMES, DType.STRING, Dim.of(3)), x);
    check(
        classifier("classlabels_ints", Attribute.ints(7, -1, 3), DType.INT64, Dim.symbol("n")), x);
  }

  @Test
  void zipMap_givesMaps_thatAreReadByTheirKeys() {
    Model model = classifier("classlabels_strings", NAMES, DType.STRING, Dim.symbol("n"));
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      Map<String, Value> outputs = session.run(Map.of("x", Tensor.ofFloats(Shape.of(1, 2), 1, 2)));
      TensorMap map = (TensorMap) ((TensorSequence) outputs.get("maps")).elements().getFirst();
      assertThat(map.indexOf(utf8("versicolor"))).isEqualTo(2);
      assertThat(map.indexOf(utf8("none"))).isEqualTo(-1);
      assertThat(map.indexOf(2)).isEqualTo(-1);
      assertThat(map.values().getFloat(map.indexOf(utf8("versicolor")))).isBetween(0.5f, 1f);
    }
  }

  @Test
  void zipMap_blamesTheLabels_whenTheyAreNotOneAScore() {
    Tensor scores = Tensor.ofFloats(Shape.of(1, 3), 1, 2, 3);
    Model model =
        Graphs.opset(17)
            .domain("ai.onnx.ml", 1)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(1, 3)))
            .node("y = ai.onnx.ml:ZipMap x", "classlabels_int64s", new long[] {1, 2})
            .output("y")
            .model();
    assertThatThrownBy(
            () -> {
              try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
                session.run(Map.of("x", scores));
              }
            })
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("3")
        .hasMessageContaining("2 class labels");
  }

  /** ONNX Runtime's Java interface takes no map, so that the specification is what counts. */
  @Test
  void dictVectorizer_ordersAMapByItsVocabulary() {
    Model model =
        Graphs.opset(17)
            .domain("ai.onnx.ml", 1)
            .input(
                "x",
                new ValueType.MapType(DType.STRING, ValueType.tensor(DType.FLOAT, Shape.SCALAR)))
            .node("y = ai.onnx.ml:DictVectorizer x", "string_vocabulary", strings("b", "c", "a"))
            .node("z = Relu y")
            .output("y", "z")
            .model();
    TensorMap map =
        new TensorMap(
            Tensor.ofStrings(Shape.of(3), List.of(utf8("a"), utf8("other"), utf8("b"))),
            Tensor.ofFloats(Shape.of(3), -1, 5, 2));
    try (Session session =
        Session.create(OnnxCodec.read(OnnxCodec.write(model)), SessionOptions.DEFAULT)) {
      for (int run = 0; run < 2; run++) {
        Map<String, Value> outputs = session.run(Map.of("x", map));
        Tensor y = (Tensor) outputs.get("y");
        assertThat(y.shape()).isEqualTo(Shape.of(1, 3));
        assertThat(y.toFloats()).containsExactly(2, 0, -1);
        assertThat(((Tensor) outputs.get("z")).toFloats()).containsExactly(2, 0, 0);
      }
    }
  }

  @Test
  void castMap_ordersByKey_orPutsEachAtItsKey() {
    TensorMap map =
        new TensorMap(
            Tensor.ofLongs(Shape.of(3), 4, 0, 2), Tensor.ofFloats(Shape.of(3), 1, 2.5f, 3));
    assertThat(cast(map, "DENSE", "TO_FLOAT", 1).toFloats()).containsExactly(2.5f, 3, 1);
    assertThat(cast(map, "SPARSE", "TO_INT64", 6).toLongs()).containsExactly(2, 0, 3, 0, 1, 0);
    assertThat(cast(map, "SPARSE", "TO_FLOAT", 5).shape()).isEqualTo(Shape.of(1, 5));
    assertThatThrownBy(() -> cast(map, "SPARSE", "TO_FLOAT", 4))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("key 4");
    assertThatThrownBy(() -> cast(map, "SPARSE", "TO_HEX", 4))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("TO_HEX");
  }

  private static Tensor cast(TensorMap map, String form, String to, int most) {
    Model model =
        Graphs.opset(17)
            .domain("ai.onnx.ml", 1)
            .input(
                "x",
                new ValueType.MapType(DType.INT64, ValueType.tensor(DType.FLOAT, Shape.SCALAR)))
            .node("y = ai.onnx.ml:CastMap x", "map_form", form, "cast_to", to, "max_map", most)
            .output("y")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      return (Tensor) session.run(Map.of("x", map)).get("y");
    }
  }

  @Test
  void maps_differ_byKeysAndValues() {
    TensorMap map =
        new TensorMap(Tensor.ofLongs(Shape.of(2), 1, 2), Tensor.ofFloats(Shape.of(2), 3, 4));
    TensorMap turned =
        new TensorMap(Tensor.ofLongs(Shape.of(2), 2, 1), Tensor.ofFloats(Shape.of(2), 4, 3));
    TensorMap other =
        new TensorMap(Tensor.ofLongs(Shape.of(2), 1, 5), Tensor.ofFloats(Shape.of(2), 3, 4));
    TensorMap further =
        new TensorMap(Tensor.ofLongs(Shape.of(2), 1, 2), Tensor.ofFloats(Shape.of(2), 3, 5));
    assertThat(TOLERANCE.difference(map, turned)).isNull();
    assertThat(TOLERANCE.difference(map, other)).contains("no key 2");
    assertThat(TOLERANCE.difference(map, further)).contains("key 2");
    assertThat(TOLERANCE.difference(map, map.values())).contains("not a map");
    assertThatThrownBy(() -> new TensorMap(map.keys(), Tensor.scalar(1f)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void zipMap_keepsTheLastScore_whenALabelComesTwice() {
    Model model =
        Graphs.opset(17)
            .domain("ai.onnx.ml", 1)
            .input("x", new ValueType.TensorType(DType.FLOAT, List.of(Dim.of(1), Dim.of(3))))
            .node("z = ai.onnx.ml:ZipMap x", "classlabels_strings", strings("a", "b", "a"))
            .output("z")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      Tensor x = Tensor.ofFloats(Shape.of(1, 3), 1, 2, 3);
      TensorSequence maps = (TensorSequence) session.run(Map.of("x", x)).get("z");
      TensorMap map = (TensorMap) maps.elements().getFirst();
      assertThat(map.keys().size()).isEqualTo(2);
      assertThat(map.values().getFloat(map.indexOf(utf8("a")))).isEqualTo(3);
      assertThat(map.values().getFloat(map.indexOf(utf8("b")))).isEqualTo(2);
    }
  }
}
