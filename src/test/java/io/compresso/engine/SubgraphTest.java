package io.compresso.engine;

import static io.compresso.engine.OptimisedRuns.check;
import static io.compresso.engine.OptimisedRuns.isBound;
import static io.compresso.engine.OptimisedRuns.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.GraphVerifier;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Control flow: what the optimised session gives is what the graph gives node by node. */
class SubgraphTest {
  private static ValueType floats(Dim... dims) {
    return new ValueType.TensorType(DType.FLOAT, List.of(dims));
  }

  private static List<String> operators(List<RunResult.NodeProfile> profile) {
    return profile.stream().map(RunResult.NodeProfile::opType).toList();
  }

  /** A batch of one is squeezed, others are averaged: nested conditions on a shape. */
  private static Model choosing() {
    Graph squeezed = Graphs.opset(17).node("q = Squeeze r axis").output("q").graph();
    Graph averaged =
        Graphs.opset(17)
            .node("m = ReduceMean r", "axes", new long[] {0}, "keepdims", 0)
            .output("m")
            .graph();
    Graph inner = Graphs.opset(17).node("t = Neg i").output("t").graph();
    Graph other = Graphs.opset(17).node("t = Exp i").output("t").graph();
    return Graphs.opset(17)
        .input("x", floats(Dim.symbol("n"), Dim.of(6)))
        .constant("zero", Tensor.scalar(0L))
        .constant("one", Tensor.scalar(1L))
        .constant("axis", Tensor.ofLongs(Shape.of(1), 0))
        .node("r = Relu x")
        .node("s = Shape x")
        .node("n = Gather s zero")
        .node("single = Equal n one")
        .node("i = If single", "then_branch", squeezed, "else_branch", averaged)
        .node("s2 = Shape i")
        .node("rank = Size s2")
        .node("flat = Equal rank one")
        .node("y = If flat", "then_branch", inner, "else_branch", other)
        .output("y")
        .model();
  }

  @Test
  void branches_areInlined_whenTheShapesOfTheInputsChoose() {
    Model model = choosing();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      assertThat(operators(check(session, model, Map.of("x", random(1, 1, 6)))))
          .contains("Neg")
          .doesNotContain("If", "ReduceMean", "Exp");
      assertThat(operators(check(session, model, Map.of("x", random(2, 5, 6)))))
          .contains("ReduceMean")
          .doesNotContain("If", "Exp");
    }
  }

  @Test
  void branches_areRight_whenMoreShapesComeThanAreCompiledFor() {
    Model model = choosing();
    checkAll(
        model,
        IntStream.concat(IntStream.range(1, 30), IntStream.of(1))
            .mapToObj(n -> Map.of("x", random(n, n, 6)))
            .toList());
  }

  /** What each loop's body begins with. */
  private static Graphs loopBody() {
    return Graphs.opset(17).input("i", scalar(DType.INT64)).input("go", scalar(DType.BOOL));
  }

  /** Runs one session on all the inputs, in their order. */
  private static void checkAll(Model model, List<Map<String, Tensor>> runs) {
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      runs.forEach(inputs -> check(session, model, inputs));
    }
  }

  private static ValueType fixed(long... dims) {
    return ValueType.tensor(DType.FLOAT, Shape.of(dims));
  }

  private static ValueType scalar(DType dtype) {
    return ValueType.tensor(dtype, Shape.SCALAR);
  }

  private static Tensor bool(boolean value) {
    return Tensor.ofBytes(DType.BOOL, Shape.SCALAR, (byte) (value ? 1 : 0));
  }

  @Test
  void branches_areBound_whenTheConditionIsAnInput() {
    Graph then =
        Graphs.opset(17)
            .constant("w", random(3, 6, 6))
            .node("p = MatMul r w")
            .node("y1 = Relu p")
            .node("y2 = Identity r")
            .output("y1", "y2")
            .graph();
    Graph otherwise =
        Graphs.opset(17)
            .constant("k", random(4, 5, 6))
            .node("y1 = Sub r k")
            .output("y1", "k")
            .graph();
    Model model =
        Graphs.opset(17)
            .input("x", fixed(5, 6))
            .input("c", scalar(DType.BOOL))
            .node("r = Exp x")
            .node("a b = If c", "then_branch", then, "else_branch", otherwise)
            .node("y = Add a b")
            .output("y", "a")
            .model();
    Tensor x = random(1, 5, 6);
    checkAll(
        model,
        List.of(
            Map.of("x", x, "c", bool(true)),
            Map.of("x", x, "c", bool(false)),
            Map.of("x", x, "c", bool(true))));
    assertThat(isBound(model)).isTrue();
  }

  /** A loop that carries two states, which change places, and one that stays; it stops early. */
  @Test
  void loop_isBound_whenItsStatesKeepTheirShapes() {
    Graph body =
        loopBody()
            .input("a", fixed(4))
            .input("b", fixed(4))
            .input("same", fixed(4))
            .node("f = Cast i", "to", 1)
            .node("t = Add a f")
            .node("next = Mul t same")
            .node("old = Identity a")
            .node("sum = ReduceSum next", "keepdims", 0)
            .node("on = Less sum most")
            .output("on", "next", "old", "same")
            .graph();
    Model model =
        Graphs.opset(17)
            .input("x", fixed(4))
            .input("n", scalar(DType.INT64))
            .constant("most", Tensor.scalar(500f))
            .constant("b", random(5, 4))
            .node("s = Exp x")
            .node("p q r = Loop n _ x b s", "body", body)
            .output("p", "q", "r")
            .model();
    checkAll(
        model,
        LongStream.of(0, 1, 2, 5, 100)
            .mapToObj(turns -> Map.of("x", random(turns, 4), "n", Tensor.scalar(turns)))
            .toList());
    assertThat(isBound(model)).isTrue();
  }

  @Test
  void loop_givesStacks_whenItsTurnsAreKnown() {
    Graph body =
        loopBody()
            .input("a", fixed(2, 3))
            .node("next = Tanh a")
            .node("on = Identity go")
            .node("part = Add next x")
            .output("on", "next", "part", "i")
            .graph();
    Model model =
        Graphs.opset(17)
            .input("x", fixed(2, 3))
            .constant("n", Tensor.scalar(7L))
            .node("p q k = Loop n _ x", "body", body)
            .output("p", "q", "k")
            .model();
    checkAll(model, List.of(Map.of("x", random(1, 2, 3))));
    assertThat(isBound(model)).isTrue();
  }

  @Test
  void loop_isRight_whenItsStateGrows() {
    Graph body =
        loopBody()
            .input("a", floats(Dim.symbol("len")))
            .node("next = Concat a x", "axis", 0)
            .node("sum = ReduceSum next", "keepdims", 0)
            .output("go", "next", "sum")
            .graph();
    Model model =
        Graphs.opset(17)
            .input("x", fixed(3))
            .input("n", scalar(DType.INT64))
            .node("p q = Loop n _ x", "body", body)
            .node("y = Relu p")
            .output("y", "q")
            .model();
    checkAll(
        model,
        List.of(
            Map.of("x", random(1, 3), "n", Tensor.scalar(4L)),
            Map.of("x", random(1, 3), "n", Tensor.scalar(9L))));
  }

  /** Slices of inner and outer axes, forwards and backwards, in a scan in a branch. */
  @Test
  void scan_isBound_inABranch() {
    Graph body =
        Graphs.opset(17)
            .input("h", fixed(2, 4))
            .input("u", fixed(2, 4))
            .input("v", fixed(4))
            .constant("w", random(6, 4, 4))
            .node("p = MatMul h w")
            .node("q = Add p u")
            .node("g = Add q around")
            .node("n = Tanh g")
            .node("o = Mul n v")
            .output("n", "o", "v")
            .graph();
    Graph then =
        Graphs.opset(17)
            .node("around = Neg h0")
            .node(
                "last all back = Scan h0 us vs",
                "body",
                body,
                "num_scan_inputs",
                2,
                "scan_input_axes",
                new long[] {1, 0},
                "scan_input_directions",
                new long[] {0, 1},
                "scan_output_axes",
                new long[] {-1, 1},
                "scan_output_directions",
                new long[] {1, 0})
            .output("last", "all", "back")
            .graph();
    Graph otherwise =
        Graphs.opset(17)
            .constant("all0", random(7, 2, 4, 5))
            .constant("back0", random(8, 4, 5))
            .output("h0", "all0", "back0")
            .graph();
    Model model =
        Graphs.opset(17)
            .input("h0", fixed(2, 4))
            .input("us", fixed(2, 5, 4))
            .input("vs", fixed(5, 4))
            .input("c", scalar(DType.BOOL))
            .node("l a b = If c", "then_branch", then, "else_branch", otherwise)
            .output("l", "a", "b")
            .model();
    checkAll(
        model,
        Stream.of(true, false)
            .map(chosen ->
                Map.of(
                    "h0", random(1, 2, 4),
                    "us", random(2, 2, 5, 4),
                    "vs", random(3, 5, 4),
                    "c", bool(chosen)))
            .toList());
    assertThat(isBound(model)).isTrue();
  }

  @Test
  void bodies_areCompiled_alsoInOneAnother() {
    Graph inner =
        Graphs.opset(17)
            .node("p = Conv a w")
            .node("s = Mul p scale")
            .node("r = Relu s")
            .output("r")
            .graph();
    Graph other = Graphs.opset(17).node("r = Neg a").output("r").graph();
    Graph body =
        loopBody()
            .input("a", floats(Dim.of(1), Dim.symbol("wrong"), Dim.of(7), Dim.of(7)))
            .constant("w", random(9, 4, 4, 1, 1))
            .constant("scale", random(10, 4, 1, 1))
            .node("b = If c", "then_branch", inner, "else_branch", other)
            .output("go", "b")
            .graph();
    Model model =
        Graphs.opset(17)
            .input("x", fixed(1, 4, 5, 5))
            .input("c", scalar(DType.BOOL))
            .constant("n", Tensor.scalar(3L))
            .node("y = Loop n _ x", "body", body)
            .output("y")
            .model();
    Model compiled = GraphCompiler.compile(model, Set.of());
    Graph loop = bodies(compiled.graph()).getFirst();
    assertThat(bodies(loop))
        .anySatisfy(branch ->
            assertThat(branch.nodes()).extracting(Node::opType).doesNotContain("Mul", "Relu"));
    Tensor x = random(1, 1, 4, 5, 5);
    checkAll(model, List.of(Map.of("x", x, "c", bool(true)), Map.of("x", x, "c", bool(false))));
  }

  private static List<Graph> bodies(Graph graph) {
    return graph.nodes().stream()
        .flatMap(node -> node.attributes().values().stream())
        .flatMap(attribute -> GraphVerifier.bodies(attribute).stream())
        .toList();
  }

  /** A carried size that is 1 at first only: nothing may be folded that follows from that. */
  @Test
  void bodies_areRight_whenWhatTheyDeclareOrBeginWithIsNotKept() {
    Graph body =
        loopBody()
            .input("a", fixed(1))
            .input("b", fixed(1))
            .input("k", ValueType.tensor(DType.INT64, Shape.of(1)))
            .node("next = Concat a x", "axis", 0)
            .node("shape = Shape b")
            .node("zero = ConstantOfShape shape", "value", Tensor.ofFloats(Shape.of(1), 1))
            .node("sum = ReduceSum zero", "keepdims", 0)
            .node("k2 = Add k k")
            .output("go", "next", "a", "k2", "sum", "k2")
            .graph();
    Model model =
        Graphs.opset(17)
            .input("x", fixed(1))
            .constant("n", Tensor.scalar(6L))
            .constant("k", Tensor.ofLongs(Shape.of(1), 1))
            .node("p q r s t = Loop n _ x x k", "body", body)
            .output("p", "q", "r", "s", "t")
            .model();
    checkAll(model, List.of(Map.of("x", random(1, 1))));
  }

  /** Branches that no run takes may hold anything. */
  @Test
  void branchThatIsWrong_isLeftAlone_whenTheOtherIsTaken() {
    Graph then = Graphs.opset(17).node("t = Relu x").output("t").graph();
    Graph wrong =
        Graphs.opset(17)
            .constant("w", random(1, 7, 7))
            .node("m = MatMul x w")
            .node("t = Reshape m x")
            .output("t")
            .graph();
    Model model =
        Graphs.opset(17)
            .input("x", fixed(2, 3))
            .input("c", scalar(DType.BOOL))
            .node("y = If c", "then_branch", then, "else_branch", wrong)
            .output("y")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      check(session, model, Map.of("x", random(1, 2, 3), "c", bool(true)));
      Map<String, Tensor> inputs = Map.of("x", random(1, 2, 3), "c", bool(false));
      assertThatThrownBy(() -> session.run(inputs))
          .isInstanceOf(GraphException.class)
          .hasMessageContaining("MatMul");
    }
  }

  @Test
  void loop_stops_whenTheRunIsCancelled() {
    Graph body = loopBody().input("a", fixed(3)).node("b = Neg a").output("go", "b").graph();
    Model model =
        Graphs.opset(17)
            .input("x", fixed(3))
            .node("y = Loop _ _ x", "body", body)
            .output("y")
            .model();
    CancelToken cancel = new CancelToken();
    Thread.startVirtualThread(() -> {
      LockSupport.parkNanos(50_000_000);
      cancel.cancel();
    });
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      assertThatThrownBy(
              () -> session.run(Map.of("x", random(1, 3)), RunOptions.plain().withCancel(cancel)))
          .isInstanceOf(CancellationException.class);
    }
  }

  /** How often a loop turns is known by the run alone, and so are the shapes of its stacks. */
  @Test
  void loop_runsItsBodyByKernels_whenItsTurnsAreNotKnown() {
    Graph body =
        loopBody()
            .input("s", fixed(1, 4, 5, 5))
            .constant("w", random(1, 4, 4, 3, 3))
            .node("c = Conv s w bias", "pads", new long[] {1, 1, 1, 1})
            .node("r = Tanh c")
            .node("m = ReduceMean r", "keepdims", 0)
            .output("go", "r", "m", "s")
            .graph();
    Model model =
        Graphs.opset(17)
            .input("x", fixed(1, 4, 5, 5))
            .input("n", scalar(DType.INT64))
            .input("b", fixed(4))
            .node("bias = Neg b")
            .node("y z k = Loop n _ x", "body", body)
            .output("y", "z", "k")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      for (long turns : new long[] {6, 1, 9}) {
        check(
            session,
            model,
            Map.of("x", random(3, 1, 4, 5, 5), "n", Tensor.scalar(turns), "b", random(4, 4)));
      }
      Map<String, Tensor> inputs =
          Map.of("x", random(3, 1, 4, 5, 5), "n", Tensor.scalar(500L), "b", random(4, 4));
      assertThat(session.run(inputs, RunOptions.plain()).peakBytes()).isPositive();
    }
    try (Session session = Session.create(model, new SessionOptions(1, 6000))) {
      Map<String, Tensor> inputs =
          Map.of("x", random(3, 1, 4, 5, 5), "n", Tensor.scalar(500L), "b", random(4, 4));
      assertThatThrownBy(() -> session.run(inputs))
          .isInstanceOf(GraphException.class)
          .hasMessageContaining("limit");
    }
  }
}
