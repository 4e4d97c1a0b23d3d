package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Function;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Pass;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PassesTest {
  private static final ValueType VECTOR =
      new ValueType.TensorType(DType.FLOAT, List.of(Dim.symbol("n")));

  private static Model apply(Model model, Pass pass) {
    return Passes.apply(model, List.of(pass));
  }

  private static List<String> nodes(Model model) {
    return model.graph().nodes().stream().map(Node::opType).toList();
  }

  private static float[] run(Model model, float... x) {
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      Tensor input = Tensor.ofFloats(Shape.of(x.length), x);
      return ((Tensor) session.run(Map.of("x", input)).get("y")).toFloats();
    }
  }

  @Test
  void foldConstants_computesWhatDependsOnConstantsAlone() {
    Model model =
        Graphs.opset(17)
            .input("x", VECTOR)
            .constant("one", Tensor.ofFloats(Shape.of(1), 1))
            .constant("many", Tensor.ofLongs(Shape.of(1), 1 << 20))
            .node("c = Constant", "value", Tensor.ofFloats(Shape.of(1), 2))
            .node("three = Add one c")
            .node("large = Expand three many")
            .node("s = ReduceMax large", "keepdims", 0)
            .node("y = Mul x s")
            .output("y")
            .model();
    Model folded = apply(model, new FoldConstants());
    assertThat(nodes(folded)).containsExactly("Expand", "ReduceMax", "Mul");
    assertThat(folded.graph().initializers().keySet()).containsExactlyInAnyOrder("many", "three");
    assertThat(run(folded, 2)).isEqualTo(run(model, 2)).containsExactly(6);
  }

  @Test
  void foldConstants_leavesDefaultsOfInputsAndGraphOutputs() {
    Model model =
        Graphs.opset(17)
            .input("x", VECTOR)
            .input("w", VECTOR)
            .constant("w", Tensor.ofFloats(Shape.of(1), 1))
            .constant("v", Tensor.ofFloats(Shape.of(1), 1))
            .node("u = Neg w")
            .node("z = Neg v")
            .node("y = Add x u")
            .output("y", "z")
            .model();
    assertThat(new FoldConstants().patch(model).isEmpty()).isTrue();
  }

  @Test
  void removeDeadNodes_keepsWhatSubgraphsRead() {
    Graph branch = Graphs.opset(17).node("t = Neg used").output("t").graph();
    Model model =
        Graphs.opset(17)
            .input("x", VECTOR)
            .constant("on", Tensor.ofBytes(DType.BOOL, Shape.SCALAR, (byte) 1))
            .node("used = Abs x")
            .node("unused = Exp x")
            .node("unusedToo = Log unused")
            .node("y = If on", "then_branch", branch, "else_branch", branch)
            .output("y")
            .model();
    Model pruned = apply(model, new RemoveDeadNodes());
    assertThat(nodes(pruned)).containsExactly("Abs", "If");
    assertThat(run(pruned, 3)).containsExactly(-3);
  }

  @Test
  void removeIdentity_renamesReaders_alsoInSubgraphs() {
    Graph branch = Graphs.opset(17).node("t = Neg c").output("t").graph();
    Model model =
        Graphs.opset(17)
            .input("x", VECTOR)
            .constant("on", Tensor.ofBytes(DType.BOOL, Shape.SCALAR, (byte) 1))
            .node("a = Identity x")
            .node("b = Dropout a")
            .node("c = Identity b")
            .node("d = If on", "then_branch", branch, "else_branch", branch)
            .node("e = Add d c")
            .node("f = Sub e x")
            .node("y = Identity f")
            .output("y")
            .model();
    Model cleaned = apply(model, new RemoveIdentity());
    assertThat(nodes(cleaned)).containsExactly("If", "Add", "Sub");
    assertThat(run(cleaned, 3)).isEqualTo(run(model, 3)).containsExactly(-3);
  }

  @Test
  void removeIdentity_keepsTheNode_whenAnOutputIsAnInput() {
    Model model = Graphs.opset(17).input("x", VECTOR).node("y = Identity x").output("y").model();
    assertThat(new RemoveIdentity().patch(model).isEmpty()).isTrue();
  }

  private static Function function(String name, int opset, Node... nodes) {
    return new Function(
        name,
        "local",
        "",
        List.of("a"),
        List.of("r"),
        List.of("slope"),
        Map.of(),
        List.of(nodes),
        Map.of("", opset, "local", 1),
        Map.of(),
        Annotations.NONE);
  }

  @Test
  void inlineFunctions_putsNestedCallsInPlace() {
    Attribute slope = new Attribute.Reference("slope", 1);
    Function inner =
        function(
            "Inner",
            17,
            Graphs.parse("t = LeakyRelu a", "alpha", slope),
            Graphs.parse("r = Neg t"));
    Function outer =
        function(
            "Outer",
            17,
            Graphs.parse("t = local:Inner a", "slope", slope),
            Graphs.parse("r = Add t a"));
    Model model =
        Graphs.opset(17)
            .domain("local", 1)
            .function(inner)
            .function(outer)
            .input("x", VECTOR)
            .node("t = local:Outer x", "slope", 0.5f)
            .node("y = local:Outer t", "slope", 0.25f)
            .output("y")
            .model();
    Model inlined = apply(model, new InlineFunctions());
    assertThat(inlined.functions()).isEmpty();
    assertThat(nodes(inlined))
        .containsExactly("LeakyRelu", "Neg", "Add", "LeakyRelu", "Neg", "Add");
    assertThat(run(inlined, -8, 8)).isEqualTo(run(model, -8, 8)).containsExactly(-3, 0);
  }

  @Test
  void inlineFunctions_namesTheCall_whenOperatorSetsDiffer() {
    Model model =
        Graphs.opset(17)
            .domain("local", 1)
            .function(function("Old", 11, Graphs.parse("r = Softmax a")))
            .input("x", VECTOR)
            .node("y = local:Old x")
            .output("y")
            .model();
    assertThatThrownBy(() -> apply(model, new InlineFunctions()))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("(Old)")
        .hasMessageContaining("Softmax is of operator set 11");
  }

  @Test
  void apply_refusesAWrongModel_andAPassThatBreaksOne() {
    Model model = Graphs.opset(17).input("x", VECTOR).node("y = Neg x").output("y").model();
    Pass breaking = each -> new io.compresso.graph.Patch().remove(each.graph().nodes().getFirst());
    assertThatThrownBy(() -> apply(model, breaking))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("broke the graph");
    Model wrong = Graphs.opset(17).node("y = Neg q").output("y").model();
    assertThatThrownBy(() -> apply(wrong, new RemoveDeadNodes()))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("'q'");
  }
}
