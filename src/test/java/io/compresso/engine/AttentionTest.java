package io.compresso.engine;

import static io.compresso.engine.OptimisedRuns.check;
import static io.compresso.engine.OptimisedRuns.isBound;
import static io.compresso.engine.OptimisedRuns.random;
import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.kernel.BatchGemmProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelCatalog;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import io.compresso.testing.HeapPerRun;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention runs as kernels, as one operator or written as many. */
class AttentionTest {
  private static final int HEADS = 6;
  private static final int SIZE = 8;

  /** What a run may leave to the garbage collector. */
  private static final long MOST_BYTES = 1024;

  /** Batches of products that are made of single ones, without machine code, make objects. */
  private static void checkHeap(Session session, Map<String, Tensor> values) {
    BatchGemmProblem batch = BatchGemmProblem.dense(GemmProblem.ofFloat(4, 4, 4), 2);
    Kernel kernel = KernelCatalog.select(batch, CpuFeatures.host()).kernel();
    if (kernel.spec().isa().isMachineCode()) {
      assertThat(HeapPerRun.steady(session, values, MOST_BYTES))
          .as("bytes of the heap per run")
          .isLessThanOrEqualTo(MOST_BYTES);
    }
  }

  private static Tensor weights(long seed) {
    Tensor weights = random(seed, HEADS * SIZE, HEADS * SIZE);
    for (long i = 0; i < weights.size(); i++) {
      weights.setFloat(i, weights.getFloat(i) / 4);
    }
    return weights;
  }

  private static ValueType tensor(Dim... dims) {
    return new ValueType.TensorType(DType.FLOAT, List.of(dims));
  }

  /** Attention as exporters write it, between projections, with a mask along the keys. */
  private static Model written(String scores) {
    Dim batch = Dim.symbol("N");
    Dim length = Dim.symbol("S");
    Graphs graph =
        Graphs.opset(17)
            .input("x", tensor(batch, length, Dim.of(HEADS * SIZE)))
            .input("mask", tensor(batch, Dim.of(1), Dim.of(1), length))
            .constant("apart", Tensor.ofLongs(Shape.of(4), 0, 0, HEADS, SIZE))
            .constant("joined", Tensor.ofLongs(Shape.of(3), 0, 0, HEADS * SIZE))
            .constant("root", Tensor.scalar(0.8f));
    for (String name : List.of("q", "k", "v")) {
      graph
          .constant("w" + name, weights(name.hashCode()))
          .node(name + "p = MatMul x w" + name)
          .node(name + "r = Reshape " + name + "p apart");
    }
    graph
        .node("qt = Transpose qr", "perm", Attribute.ints(0, 2, 1, 3))
        .node("kt = Transpose kr", "perm", Attribute.ints(0, 2, 3, 1))
        .node("vt = Transpose vr", "perm", Attribute.ints(0, 2, 1, 3))
        .node("s = MatMul qt kt");
    for (String line : scores.split(";")) {
      graph.node(line.strip());
    }
    return graph
        .node("p = Softmax e", "axis", Attribute.of(-1L))
        .node("c = MatMul p vt")
        .node("ct = Transpose c", "perm", Attribute.ints(0, 2, 1, 3))
        .node("y = Reshape ct joined")
        .output("y")
        .model();
  }

  @ParameterizedTest
  @CsvSource({
    "d = Div s root; e = Add d mask, 1",
    "d = Mul s root; e = Add mask d, 2",
    "e = Add s mask, 2",
    "e = Mul s root, 1",
    "e = Identity s, 2"
  })
  void attention_isOneOperator_howeverItsScoresAreWritten(String scores, int threads) {
    Model model = written(scores);
    assertThat(GraphCompiler.compile(model, Set.of()).graph().nodes())
        .extracting(node -> node.opType())
        .containsOnlyOnce("Attention")
        .doesNotContain("Softmax", "Transpose", "Reshape");
    try (Session session = Session.create(model, SessionOptions.DEFAULT.withThreads(threads))) {
      for (int length : new int[] {1, 7, 70}) {
        Tensor mask = random(length, 2, 1, 1, length);
        check(session, model, Map.of("x", random(3, 2, length, HEADS * SIZE), "mask", mask));
      }
    }
  }

  private static Model operator(List<Shape> operands, Map<String, Attribute> attributes) {
    Graphs graph = Graphs.opset(23);
    String[] names = {"q", "k", "v", "mask"};
    for (int i = 0; i < operands.size(); i++) {
      graph.input(names[i], ValueType.tensor(DType.FLOAT, operands.get(i)));
    }
    List<Object> given = new ArrayList<>();
    attributes.forEach((name, value) -> given.addAll(List.of(name, value)));
    return graph.node("y = Attention q k v mask", given.toArray()).output("y").model();
  }

  private static Map<String, Tensor> values(List<Shape> operands) {
    String[] names = {"q", "k", "v", "mask"};
    Map<String, Tensor> values = new HashMap<>();
    for (int i = 0; i < operands.size(); i++) {
      values.put(names[i], random(i, operands.get(i).dims()));
    }
    return values;
  }

  @ParameterizedTest
  @CsvSource({
    "1, 4, 4, 5, 5, 8, 8, 0, 1",
    "2, 6, 2, 1, 33, 16, 12, 0, 2",
    "3, 6, 3, 17, 40, 8, 20, 1, 2",
    "1, 8, 1, 130, 130, 4, 4, 1, 2",
    "2, 2, 2, 300, 310, 24, 8, 0, 1"
  })
  void attentionOperator_isLowered(
      int batch,
      int heads,
      int shared,
      int queries,
      int keys,
      int size,
      int valueSize,
      long causal,
      int threads) {
    List<Shape> apart =
        List.of(
            Shape.of(batch, heads, queries, size),
            Shape.of(batch, shared, keys, size),
            Shape.of(batch, shared, keys, valueSize),
            Shape.of(batch, 1, queries, keys));
    List<Shape> flat =
        List.of(
            Shape.of(batch, queries, (long) heads * size),
            Shape.of(batch, keys, (long) shared * size),
            Shape.of(batch, keys, (long) shared * valueSize),
            Shape.of(heads, 1, keys));
    for (List<Shape> operands : List.of(apart, flat)) {
      Map<String, Attribute> attributes = new HashMap<>();
      attributes.put("is_causal", Attribute.of(causal));
      if (operands == flat) {
        attributes.put("q_num_heads", Attribute.of((long) heads));
        attributes.put("kv_num_heads", Attribute.of((long) shared));
        attributes.put("softcap", Attribute.of(1.5f));
        attributes.put("scale", Attribute.of(0.7f));
      }
      Model model = operator(operands, attributes);
      try (Session session = Session.create(model, SessionOptions.DEFAULT.withThreads(threads))) {
        check(session, model, values(operands));
      }
      assertThat(isBound(model)).isTrue();
    }
  }

  @Test
  void writtenAttention_givesNaN_whereAQuerySeesNoKey() {
    Model model = written("e = Add s mask");
    Map<String, Tensor> values = new HashMap<>();
    values.put("x", random(1, 2, 3, HEADS * SIZE));
    values.put("mask", random(2, 2, 1, 1, 3));
    for (int key = 0; key < 3; key++) {
      values.get("mask").setFloat(key, Float.NEGATIVE_INFINITY);
    }
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      float[] y = ((Tensor) session.run(values).get("y")).toFloats();
      assertThat(y[0]).isNaN();
      assertThat(y[3 * HEADS * SIZE]).isFinite();
    }
  }

  /** Queries that are learned serve every example of a batch. */
  @Test
  void writtenAttention_staysAsItIs_whereOneBatchIsBroadcast() {
    Graphs graph =
        Graphs.opset(17)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(2, 4, HEADS * SIZE)))
            .constant("q", random(1, 1, 3, HEADS * SIZE))
            .constant("apart", Tensor.ofLongs(Shape.of(4), 0, 0, HEADS, SIZE))
            .constant("joined", Tensor.ofLongs(Shape.of(3), 0, 0, HEADS * SIZE))
            .input("shift", ValueType.tensor(DType.FLOAT, Shape.of(1)))
            .node("qs = Add q shift")
            .node("qr = Reshape qs apart")
            .node("kr = Reshape x apart")
            .node("qt = Transpose qr", "perm", Attribute.ints(0, 2, 1, 3))
            .node("kt = Transpose kr", "perm", Attribute.ints(0, 2, 3, 1))
            .node("vt = Transpose kr", "perm", Attribute.ints(0, 2, 1, 3))
            .node("s = MatMul qt kt")
            .node("p = Softmax s", "axis", Attribute.of(-1L))
            .node("c = MatMul p vt")
            .node("ct = Transpose c", "perm", Attribute.ints(0, 2, 1, 3))
            .node("y = Reshape ct joined")
            .output("y");
    Model model = graph.model();
    Map<String, Tensor> values =
        Map.of("x", random(3, 2, 4, HEADS * SIZE), "shift", Tensor.ofFloats(Shape.of(1), 0.1f));
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      check(session, model, values);
    }
  }

  @Test
  void attentionOperator_givesZeros_whereAQuerySeesNoKey() {
    List<Shape> operands =
        List.of(
            Shape.of(1, 2, 3, 4), Shape.of(1, 2, 5, 4), Shape.of(1, 2, 5, 4), Shape.of(1, 1, 3, 5));
    Map<String, Tensor> values = values(operands);
    for (int key = 0; key < 5; key++) {
      values.get("mask").setFloat(5 + key, Float.NEGATIVE_INFINITY);
    }
    Model model = operator(operands, Map.of());
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      check(session, model, values);
      float[] y = ((Tensor) session.run(values).get("y")).toFloats();
      assertThat(y[3]).isNotZero();
      assertThat(List.of(y[4], y[7], y[16], y[19])).containsOnly(0f);
    }
    assertThat(isBound(model)).isTrue();
  }

  /** Tokens of a prompt, with padding, and after a cache; rotated, and with or without caches. */
  @ParameterizedTest
  @CsvSource({
    "9, 0, 9, 0, true, false, 2",
    "9, 12, 9, 3, true, false, 1",
    "1, 40, 33, 7, true, true, 2",
    "1, 40, 41, 0, false, false, 2",
    "5, 6, 11, 0, false, true, 1",
    "150, 0, 150, 20, false, false, 2"
  })
  void groupQueryAttention_isLowered(
      int tokens, int cached, int total, int window, boolean keeps, boolean packs, int threads) {
    int heads = 6;
    int shared = 2;
    int size = 16;
    long rows = packs ? heads + 2 * shared : heads;
    Shape cache = Shape.of(2, shared, cached, size);
    Graphs graph =
        Graphs.opset(17)
            .domain("com.microsoft", 1)
            .input("q", ValueType.tensor(DType.FLOAT, Shape.of(2, tokens, rows * size)))
            .input("last", ValueType.tensor(DType.INT32, Shape.of(2)))
            .constant("total", Tensor.ofInts(Shape.of(1), total))
            .constant("cos", random(11, 64, 6))
            .constant("sin", random(12, 64, 6));
    Map<String, Tensor> values = new HashMap<>();
    values.put("q", random(1, 2, tokens, rows * size));
    values.put("last", Tensor.ofInts(Shape.of(2), total - 1, Math.max(tokens, total - 4) - 1));
    for (String name : packs ? List.<String>of() : List.of("k", "v")) {
      graph.input(name, ValueType.tensor(DType.FLOAT, Shape.of(2, tokens, shared * size)));
      values.put(name, random(name.hashCode(), 2, tokens, shared * size));
    }
    for (String name : cached == 0 ? List.<String>of() : List.of("pk", "pv")) {
      graph.input(name, ValueType.tensor(DType.FLOAT, cache));
      values.put(name, random(name.hashCode(), cache.dims()));
    }
    String line =
        "y%s = com.microsoft:GroupQueryAttention q %s %s last total%s"
            .formatted(
                keeps ? " ck cv" : "",
                packs ? "_ _" : "k v",
                cached == 0 ? "_ _" : "pk pv",
                total < 64 ? " cos sin" : "");
    graph
        .node(
            line,
            "num_heads",
            heads,
            "kv_num_heads",
            shared,
            "local_window_size",
            window == 0 ? -1 : window,
            "do_rotary",
            total < 64 ? 1 : 0)
        .output("y");
    Model model = (keeps ? graph.output("ck", "cv") : graph).model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT.withThreads(threads))) {
      check(session, model, values);
      checkHeap(session, values);
    }
    assertThat(isBound(model)).isTrue();
  }

  private static Tensor ints(Shape shape, int... values) {
    Tensor tensor = Tensor.allocate(DType.INT32, shape);
    for (int i = 0; i < tensor.size(); i++) {
      tensor.setLong(i, values[i % values.length]);
    }
    return tensor;
  }

  /** The masks of ONNX Runtime's operators, for two batch elements. */
  private static Tensor mask(String form, int queries, int keys) {
    return switch (form) {
      case "ends" -> ints(Shape.of(2), keys, keys - 3);
      case "starts" -> ints(Shape.of(4), keys, keys - 1, 0, 2);
      case "cumulated" -> ints(Shape.of(8), keys, 2, 0, 4, 8, 0, 5, 8);
      case "keys" -> ints(Shape.of(2, keys), 1, 1, 0, 1, 1);
      default -> ints(Shape.of(2, queries, keys), 1, 1, 0);
    };
  }

  private static void checkLowered(Graphs graph, Map<String, Tensor> values, int threads) {
    Model model = graph.output("y").model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT.withThreads(threads))) {
      check(session, model, values);
      checkHeap(session, values);
    }
    assertThat(isBound(model)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"ends, 0, 1", "starts, 0, 2", "keys, 1, 2", "queries, 1, 1"})
  void attentionsWithProjections_areLowered(String form, int causal, int threads) {
    int length = 9;
    Tensor mask = mask(form, length, length);
    Map<String, Tensor> values = new HashMap<>();
    values.put("x", random(1, 2, length, 24));
    values.put("mask", mask);
    values.put("added", random(3, 1, 3, length, length));
    checkLowered(
        Graphs.opset(17)
            .domain("com.microsoft", 1)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(2, length, 24)))
            .input("mask", ValueType.tensor(DType.INT32, mask.shape()))
            .input("added", ValueType.tensor(DType.FLOAT, Shape.of(1, 3, length, length)))
            .constant("w", random(4, 24, 54))
            .constant("b", random(5, 54))
            .node(
                "y = com.microsoft:Attention x w b mask _ added",
                "num_heads",
                3,
                "unidirectional",
                causal,
                "qkv_hidden_sizes",
                new long[] {12, 12, 30}),
        values,
        threads);
    Tensor bytes = Tensor.allocate(DType.UINT8, Shape.of(2, length, 24));
    Tensor weights = Tensor.allocate(DType.INT8, Shape.of(24, 36));
    for (int i = 0; i < weights.size(); i++) {
      bytes.setLong(i % bytes.size(), i * 37 % 256);
      weights.setLong(i, i * 23 % 256 - 128);
    }
    checkLowered(
        Graphs.opset(17)
            .domain("com.microsoft", 1)
            .input("x", ValueType.tensor(DType.UINT8, bytes.shape()))
            .input("scale", ValueType.tensor(DType.FLOAT, Shape.SCALAR))
            .input("zero", ValueType.tensor(DType.UINT8, Shape.SCALAR))
            .constant("mask", mask)
            .constant("w", weights)
            .constant("b", random(5, 36))
            .constant("ws", Tensor.ofFloats(Shape.of(1), 0.004f))
            .node(
                "y = com.microsoft:QAttention x w b scale ws mask zero",
                "num_heads",
                3,
                "unidirectional",
                causal),
        Map.of(
            "x",
            bytes,
            "scale",
            Tensor.scalar(0.01f),
            "zero",
            Tensor.allocate(DType.UINT8, Shape.SCALAR)),
        threads);
  }

  @ParameterizedTest
  @CsvSource({"ends, true, 1", "cumulated, false, 2", "keys, true, 2", "queries, false, 1"})
  void multiHeadAttention_isLowered(String form, boolean biased, int threads) {
    Tensor mask = mask(form, 6, 11);
    checkLowered(
        Graphs.opset(17)
            .domain("com.microsoft", 1)
            .input("q", ValueType.tensor(DType.FLOAT, Shape.of(2, 6, 24)))
            .input("k", ValueType.tensor(DType.FLOAT, Shape.of(2, 11, 24)))
            .input("v", ValueType.tensor(DType.FLOAT, Shape.of(2, 11, 48)))
            .constant("b", random(5, 96))
            .constant("mask", mask)
            .node(
                "y = com.microsoft:MultiHeadAttention q k v " + (biased ? "b" : "_") + " mask",
                "num_heads",
                4,
                "scale",
                0.3f),
        Map.of("q", random(1, 2, 6, 24), "k", random(2, 2, 11, 24), "v", random(3, 2, 11, 48)),
        threads);
  }
}
