package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.engine.pass.LayoutChoice;
import io.compresso.engine.pass.Origins;
import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What graphs compile to, and that they give the same. */
class GraphCompilerTest {
  private static final SessionOptions OPTIONS = SessionOptions.DEFAULT.withThreads(1);

  private static Tensor random(long seed, long... dims) {
    SplittableRandom random = new SplittableRandom(seed);
    Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, (float) (random.nextDouble() * 2 - 1));
    }
    return tensor;
  }

  private static Tensor positive(long seed, long... dims) {
    Tensor tensor = random(seed, dims);
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, Math.abs(tensor.getFloat(i)) + 0.5f);
    }
    return tensor;
  }

  private static Graphs graph(long... dims) {
    return Graphs.opset(17)
        .input(
            "x",
            new ValueType.TensorType(DType.FLOAT, Arrays.stream(dims).mapToObj(Dim::of).toList()));
  }

  private static Model compiled(Model model) {
    return GraphCompiler.compile(model, Set.of(), LayoutChoice.CHANNELS_FIRST);
  }

  private static List<String> operators(Model model) {
    return compiled(model).graph().nodes().stream()
        .map(node -> node.domain().isEmpty() ? node.opType() : node.domain() + ":" + node.opType())
        .toList();
  }

  /** Compiled, in either layout, the model gives the same; the operators in the layout as it is. */
  private static List<String> check(Model model, long... dims) {
    Map<String, Tensor> inputs = Map.of("x", random(7, dims));
    Map<String, Value> expected;
    try (Session session = Session.create(model, OPTIONS.withOptimised(false))) {
      expected = session.run(inputs);
    }
    for (LayoutChoice layout : LayoutChoice.values()) {
      Model compiled = GraphCompiler.compile(model, Set.of(), layout);
      try (Session session = Session.ofCompiled(compiled, OPTIONS)) {
        Map<String, Value> actual = session.run(inputs);
        expected.forEach((name, value) -> assertSame(name, (Tensor) value, actual.get(name)));
      }
    }
    return operators(model);
  }

  private static void assertSame(String name, Tensor expected, Value value) {
    assertThat(value).as(name).isInstanceOf(Tensor.class);
    Tensor actual = (Tensor) value;
    assertThat(actual.shape()).as(name).isEqualTo(expected.shape());
    for (long i = 0; i < expected.size(); i++) {
      double want = expected.getDouble(i);
      double bound = expected.dtype().isInteger() ? 1 : 1e-4 * Math.max(1, Math.abs(want));
      assertThat(Math.abs(actual.getDouble(i) - want))
          .as("%s[%d] %s", name, i, want)
          .isLessThanOrEqualTo(bound);
    }
  }

  private static Tensor bytes(DType type, long seed, long... dims) {
    SplittableRandom random = new SplittableRandom(seed);
    Tensor tensor = Tensor.allocate(type, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setLong(i, random.nextLong(type.minValue(), type.maxValue() + 1));
    }
    return tensor;
  }

  private static Tensor zero(DType type, long value) {
    Tensor tensor = Tensor.allocate(type, Shape.SCALAR);
    tensor.setLong(0, value);
    return tensor;
  }

  @Test
  void convolution_takesInNormalizationScaleResidualAndRelu() {
    Model model =
        graph(1, 4, 6, 6)
            .constant("w", random(1, 4, 4, 3, 3))
            .constant("s", positive(2, 4))
            .constant("b", random(3, 4))
            .constant("m", random(4, 4))
            .constant("v", positive(5, 4))
            .constant("c", random(6, 4, 1, 1))
            .node("a = Conv x w", "pads", new long[] {1, 1, 1, 1})
            .node("n = BatchNormalization a s b m v")
            .node("k = Mul c n")
            .node("r = Add k x")
            .node("y = Relu r")
            .output("y")
            .model();
    assertThat(check(model, 1, 4, 6, 6)).containsExactly("ai.compresso:Conv");
    Node fused = compiled(model).graph().nodes().getFirst();
    assertThat(Origins.of(fused)).containsExactly("a", "n", "k", "r", "y");
  }

  @Test
  void gemm_takesInScaleBiasAndGelu() {
    Model model =
        graph(3, 8)
            .constant("w", random(1, 5, 8))
            .constant("c", random(2, 1, 5))
            .constant("r2", Tensor.scalar((float) Math.sqrt(2)))
            .constant("one", Tensor.scalar(1f))
            .constant("half", Tensor.scalar(0.5f))
            .node("a = Gemm x w c", "transB", 1, "alpha", 0.5f, "beta", 2f)
            .node("t = Div a r2")
            .node("e = Erf t")
            .node("p = Add e one")
            .node("q = Mul a p")
            .node("y = Mul q half")
            .output("y")
            .model();
    assertThat(check(model, 3, 8)).containsExactly("ai.compresso:MatMul");
  }

  @Test
  void matMul_takesInBiasAndSwish() {
    Model model =
        graph(2, 3, 8)
            .constant("w", random(1, 8, 4))
            .constant("b", random(2, 4))
            .node("a = MatMul x w")
            .node("c = Add b a")
            .node("g = Sigmoid c")
            .node("y = Mul c g")
            .output("y")
            .model();
    assertThat(check(model, 2, 3, 8)).containsExactly("ai.compresso:MatMul");
  }

  @Test
  void normalizations_areOneOperator() {
    Graphs graph =
        graph(2, 3, 16)
            .constant("two", Tensor.scalar(2f))
            .constant("e", Tensor.scalar(1e-3f))
            .constant("g", random(1, 16))
            .constant("b", random(2, 16))
            .node("m = ReduceMean x", "axes", new long[] {-1})
            .node("d = Sub x m")
            .node("s = Pow d two")
            .node("v = ReduceMean s", "axes", new long[] {2})
            .node("ve = Add v e")
            .node("r = Sqrt ve")
            .node("n = Div d r")
            .node("ng = Mul n g")
            .node("z = Add ng b")
            .node("zz = Mul z z")
            .node("zm = ReduceMean zz", "axes", new long[] {-1})
            .node("ze = Add zm e")
            .node("zr = Sqrt ze")
            .node("zi = Reciprocal zr")
            .node("zn = Mul z zi")
            .node("y = Mul g zn")
            .output("y");
    assertThat(check(graph.model(), 2, 3, 16))
        .containsExactly("LayerNormalization", "RMSNormalization");
  }

  @Test
  void scoresScale_goesIntoTheProjection() {
    Model model =
        graph(1, 5, 8)
            .constant("wq", random(1, 8, 8))
            .constant("bq", random(2, 8))
            .constant("wk", random(3, 8, 8))
            .constant("split", Tensor.ofLongs(Shape.of(4), 1, 5, 2, 4))
            .constant("c", Tensor.scalar(2f))
            .node("q = MatMul x wq")
            .node("qb = Add q bq")
            .node("k = MatMul x wk")
            .node("qs = Reshape qb split")
            .node("ks = Reshape k split")
            .node("qt = Transpose qs", "perm", new long[] {0, 2, 1, 3})
            .node("kt = Transpose ks", "perm", new long[] {0, 2, 3, 1})
            .node("s = MatMul qt kt")
            .node("sc = Div s c")
            .node("y = Softmax sc", "axis", -1)
            .output("y")
            .model();
    assertThat(check(model, 1, 5, 8)).doesNotContain("Div");
  }

  @Test
  void shapes_duplicatesAndNoOperations_areGone() {
    Model model =
        graph(2, 3, 4)
            .constant("one", Tensor.scalar(1f))
            .constant("zero", Tensor.ofLongs(Shape.of(1), 0))
            .constant("minus", Tensor.ofLongs(Shape.of(1), -1))
            .node("sh = Shape x")
            .node("n = Gather sh zero", "axis", 0)
            .node("to = Concat n minus", "axis", 0)
            .node("f = Reshape x to")
            .node("k = Mul f one")
            .node("a = Exp k")
            .node("b = Exp f")
            .node("c = Cast b", "to", 1)
            .node("y = Add a c")
            .output("y")
            .model();
    assertThat(check(model, 2, 3, 4)).containsExactly("Reshape", "Exp", "Add");
  }

  @Test
  void branchOfAKnownCondition_isInlined() {
    Graphs then =
        Graphs.opset(17)
            .constant("k", Tensor.scalar(2f))
            .node("a = Mul x k")
            .node("r = Add a s")
            .output("r");
    Graphs otherwise = Graphs.opset(17).node("r = Neg x").output("r");
    Model model =
        graph(2, 3)
            .constant("three", Tensor.scalar(2L))
            .node("s = Exp x")
            .node("a = Shape x")
            .node("rank = Size a")
            .node("c = Equal rank three")
            .node("y = If c", "then_branch", then.graph(), "else_branch", otherwise.graph())
            .node("z = Abs y")
            .output("y", "z")
            .model();
    assertThat(check(model, 2, 3)).contains("Mul", "Add").doesNotContain("If", "Neg");
  }

  /** Quantized convolution, relu, residual addition, pool, join, and a product to floats. */
  @Test
  void quantizedNetwork_runsInIntegers() {
    Graphs graph =
        graph(1, 4, 6, 6)
            .constant("s", Tensor.scalar(0.0173f))
            .constant("s2", Tensor.scalar(0.0311f))
            .constant("z", zero(DType.UINT8, 120))
            .constant("z0", zero(DType.UINT8, 0))
            .constant("w", bytes(DType.INT8, 1, 4, 4, 3, 3))
            .constant("ws", positive(2, 4))
            .constant("b", random(3, 4))
            .constant("fw", bytes(DType.INT8, 4, 8, 3))
            .constant("fs", Tensor.scalar(0.01f))
            .constant("fb", random(5, 3))
            .constant("small", Tensor.scalar(0.003f))
            .constant("to", Tensor.ofLongs(Shape.of(2), 1, 8));
    graph
        .node("sx = QuantizeLinear x s z")
        .node("dx = DequantizeLinear sx s z")
        .node("wsmall = Mul ws small")
        .node("dw = DequantizeLinear w wsmall", "axis", 0)
        .node("c = Conv dx dw b", "pads", new long[] {1, 1, 1, 1})
        .node("qc = QuantizeLinear c s2 z")
        .node("dc = DequantizeLinear qc s2 z")
        .node("a = Add dc dx")
        .node("ar = Relu a")
        .node("qa = QuantizeLinear ar s z0")
        .node("da = DequantizeLinear qa s z0")
        .node("g = Sigmoid da")
        .node("qg = QuantizeLinear g s z0")
        .node("dg = DequantizeLinear qg s z0")
        .node("j = Concat da dg", "axis", 1)
        .node("qj = QuantizeLinear j s2 z0")
        .node("dj = DequantizeLinear qj s2 z0")
        .node("p = GlobalAveragePool dj")
        .node("qp = QuantizeLinear p s z0")
        .node("dp = DequantizeLinear qp s z0")
        .node("f = Reshape dp to")
        .node("dfw = DequantizeLinear fw fs")
        .node("y = Gemm f dfw fb")
        .output("qa", "qj");
    assertThat(check(graph.model(), 1, 4, 6, 6)).doesNotContain("Conv", "Relu", "Add");
    Graphs whole = graph.output("y");
    assertThat(operators(whole.model()))
        .contains("ai.compresso:QuantizedConv", "ai.compresso:LookUp", "ai.compresso:Pool")
        .contains("ai.compresso:QuantizedMatMul")
        .doesNotContain("Conv", "Relu", "Add", "Sigmoid", "Gemm", "DequantizeLinear");
  }

  @Test
  void quantizedOperators_andTheirExpandedForms_compileToTheSame() {
    Model model =
        graph(1, 4, 5, 5)
            .constant("s", Tensor.scalar(0.0173f))
            .constant("z", zero(DType.UINT8, 120))
            .constant("w", bytes(DType.INT8, 1, 4, 4, 1, 1))
            .constant("ws", Tensor.scalar(0.0021f))
            .constant("wz", zero(DType.INT8, 0))
            .constant("ys", Tensor.scalar(0.0207f))
            .constant("b", Tensor.ofInts(Shape.of(4), 100, -200, 300, 5))
            .domain("com.microsoft", 1)
            .node("q = QuantizeLinear x s z")
            .node("c = QLinearConv q s z w ws wz ys z b")
            .node("y = com.microsoft:QLinearAdd c ys z q s z ys z")
            .output("y")
            .model();
    assertThat(check(model, 1, 4, 5, 5))
        .containsExactly("QuantizeLinear", "ai.compresso:QuantizedConv");
  }

  @Test
  void dynamicProduct_isOneOperator() {
    Model model =
        graph(3, 8)
            .constant("w", bytes(DType.INT8, 1, 8, 5))
            .constant("ws", positive(2, 5))
            .constant("b", random(3, 5))
            .node("q qs qz = DynamicQuantizeLinear x")
            .node("i = MatMulInteger q w qz")
            .node("f = Cast i", "to", 1)
            .node("s = Mul qs ws")
            .node("m = Mul f s")
            .node("a = Add m b")
            .node("y = Relu a")
            .output("y")
            .model();
    assertThat(check(model, 3, 8))
        .containsExactly("DynamicQuantizeLinear", "ai.compresso:QuantizedMatMul");
  }

  @ParameterizedTest
  @CsvSource({
    "2, 2, 0, 0, 0, 1",
    "3, 2, 1, 1, 1, 1",
    "4, 2, 1, 1, 0, 2",
    "3, 2, 0, 0, 0, 1",
    "3, 1, 1, 1, 0, 4",
    "2, 3, 0, 0, 1, 1",
    "5, 2, 1, 2, 0, 1"
  })
  void transposedConvolution_isAConvolution(
      int kernel, int stride, int begin, int end, int extra, int group) {
    for (int axes = 1; axes <= 3; axes++) {
      long[] x = new long[axes + 2];
      long[] w = new long[axes + 2];
      Arrays.fill(x, 4);
      Arrays.fill(w, kernel);
      x[0] = 2;
      w[0] = 4;
      w[1] = 3;
      long[] pads = new long[2 * axes];
      Arrays.fill(pads, 0, axes, begin);
      Arrays.fill(pads, axes, 2 * axes, end);
      long[] strides = new long[axes];
      Arrays.fill(strides, stride);
      long[] extras = new long[axes];
      Arrays.fill(extras, extra);
      Model model =
          graph(x)
              .constant("w", random(1, w))
              .constant("b", random(2, 3L * group))
              .node(
                  "a = ConvTranspose x w b",
                  "strides",
                  strides,
                  "pads",
                  pads,
                  "output_padding",
                  extras,
                  "group",
                  group)
              .node("y = Relu a")
              .output("y")
              .model();
      List<String> operators = check(model, x);
      if (stride > 1 && !(kernel == 2 && stride == 3)) {
        assertThat(operators)
            .contains("ai.compresso:Conv", "ai.compresso:PixelShuffle")
            .doesNotContain("ConvTranspose", "Relu");
      }
    }
  }

  @Test
  void channelShuffle_isOneOperator() {
    Model model =
        graph(2, 6, 3, 4)
            .constant("w", random(1, 6, 6, 1, 1))
            .constant("in", Tensor.ofLongs(Shape.of(5), 2, 3, 2, 3, 4))
            .constant("out", Tensor.ofLongs(Shape.of(4), 2, 6, 3, 4))
            .node("a = Conv x w")
            .node("b = Reshape a in")
            .node("c = Transpose b", "perm", new long[] {0, 2, 1, 3, 4})
            .node("d = Reshape c out")
            .node("y = Conv d w")
            .output("y")
            .model();
    assertThat(check(model, 2, 6, 3, 4)).contains("ai.compresso:ChannelShuffle");
  }

  @Test
  void fetchedValues_exist_thoughFusionsSwallowThem() {
    Model model =
        graph(1, 4, 6, 6)
            .constant("w", random(1, 4, 4, 1, 1))
            .node("a = Conv x w")
            .node("b = Relu a")
            .node("y = Add b x")
            .output("y")
            .model();
    Map<String, Tensor> inputs = Map.of("x", random(7, 1, 4, 6, 6));
    Map<String, Tensor> seen = new HashMap<>();
    try (Session literal = Session.create(model, OPTIONS.withOptimised(false));
        Session session = Session.create(model, OPTIONS)) {
      literal.run(inputs, (name, value) -> seen.put(name, ((Tensor) value).copy()));
      Map<String, Value> fetched = session.run(inputs, Set.of("a", "b"));
      assertThat(fetched).containsOnlyKeys("y", "a", "b");
      seen.forEach((name, value) -> assertSame(name, value, fetched.get(name)));
      Map<String, Tensor> observed = new HashMap<>();
      session.run(inputs, (name, value) -> observed.put(name, ((Tensor) value).copy()));
      assertThat(observed.keySet()).isEqualTo(seen.keySet());
      assertThatThrownBy(() -> session.run(inputs, Set.of("nothing")))
          .isInstanceOf(GraphException.class)
          .hasMessageContaining("'nothing' is not in the graph");
    }
  }

  @Test
  void profile_namesTheNodesOfTheModel() {
    Model model =
        graph(1, 4, 6, 6)
            .constant("w", random(1, 4, 4, 1, 1))
            .node("a = Conv x w")
            .node("y = Relu a")
            .output("y")
            .model();
    try (Session session = Session.create(model, OPTIONS)) {
      Map<String, Tensor> inputs = Map.of("x", random(7, 1, 4, 6, 6));
      List<RunResult.NodeProfile> profile =
          session.run(inputs, RunOptions.plain().withProfile()).profile();
      assertThat(profile).isNotEmpty();
      assertThat(profile).allSatisfy(row -> assertThat(row.origins()).containsExactly("a", "y"));
    }
  }

  @Test
  void operatorsOfTheEngine_areRefusedInModels() {
    Model model =
        graph(1, 4, 6, 6)
            .domain("ai.compresso", 1)
            .constant("w", random(1, 4, 4, 1, 1))
            .node("y = ai.compresso:Conv x w")
            .output("y")
            .model();
    assertThatThrownBy(() -> Session.create(model, OPTIONS))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("reserved for the engine");
  }
}
