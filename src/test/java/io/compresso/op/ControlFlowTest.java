package io.compresso.op;

import static io.compresso.op.OpHarness.longs;
import static io.compresso.op.OpHarness.vector;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.DType;
import io.compresso.tensor.OptionalValue;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ControlFlowTest {
  private static final ValueType VECTOR =
      new ValueType.TensorType(DType.FLOAT, List.of(Dim.UNKNOWN));
  private static final ValueType COUNT = new ValueType.TensorType(DType.INT64, List.of());
  private static final ValueType FLAG = new ValueType.TensorType(DType.BOOL, List.of());

  private static Map<String, Value> run(Graphs graphs, Map<String, Value> inputs) {
    try (Session session = Session.create(graphs.model(), SessionOptions.DEFAULT)) {
      return session.run(inputs);
    }
  }

  private static Tensor flag(boolean value) {
    return Tensor.ofBytes(DType.BOOL, Shape.SCALAR, (byte) (value ? 1 : 0));
  }

  private static float[] floats(Map<String, Value> outputs, String name) {
    return ((Tensor) outputs.get(name)).toFloats();
  }

  @Test
  void if_runsOneBranch_whichSeesValuesAround() {
    Graph twice = Graphs.opset(16).node("t = Add x x").output("t").graph();
    Graph same = Graphs.opset(16).node("e = Identity x").output("e").graph();
    Graphs graphs =
        Graphs.opset(16)
            .input("c", FLAG)
            .input("x", VECTOR)
            .node("y = If c", "then_branch", twice, "else_branch", same)
            .output("y");
    assertThat(floats(run(graphs, Map.of("c", flag(true), "x", vector(3))), "y"))
        .containsExactly(6);
    assertThat(floats(run(graphs, Map.of("c", flag(false), "x", vector(3))), "y"))
        .containsExactly(3);
  }

  private static Graphs loop() {
    Graph body =
        Graphs.opset(16)
            .input("i", COUNT)
            .input("on", FLAG)
            .input("state", VECTOR)
            .node("next = Add state step")
            .node("sum = ReduceSum next", "keepdims", 0)
            .node("more = Less sum limit")
            .output("more", "next", "next")
            .graph();
    return Graphs.opset(16)
        .input("trips", COUNT)
        .input("start", VECTOR)
        .constant("step", vector(1, 2))
        .constant("limit", Tensor.scalar(10f))
        .node("last all = Loop trips _ start", "body", body)
        .output("last", "all");
  }

  @Test
  void loop_endsByItsCount_andStacksWhatEachTurnGives() {
    Map<String, Value> outputs =
        run(loop(), Map.of("trips", Tensor.scalar(2L), "start", vector(0, 0)));
    assertThat(floats(outputs, "last")).containsExactly(2, 4);
    assertThat(floats(outputs, "all")).containsExactly(1, 2, 2, 4);
    assertThat(((Tensor) outputs.get("all")).shape()).isEqualTo(Shape.of(2, 2));
  }

  @Test
  void loop_endsByItsCondition() {
    Map<String, Value> outputs =
        run(loop(), Map.of("trips", Tensor.scalar(100L), "start", vector(0, 0)));
    assertThat(floats(outputs, "last")).containsExactly(4, 8);
  }

  @Test
  void loop_ofNoTurns_givesItsStart_andAnEmptyStack() {
    Graph body =
        Graphs.opset(16)
            .input("i", COUNT)
            .input("on", FLAG)
            .input("state", VECTOR)
            .node("next = Identity state")
            .node("more = Identity on")
            .output("more", "next")
            .graph();
    Graphs graphs =
        Graphs.opset(16)
            .input("start", VECTOR)
            .constant("trips", Tensor.scalar(0L))
            .node("last = Loop trips _ start", "body", body)
            .output("last");
    assertThat(floats(run(graphs, Map.of("start", vector(5))), "last")).containsExactly(5);
  }

  @Test
  void scan_walksBackwards_andCarriesItsState() {
    Graph body =
        Graphs.opset(16)
            .input("sum", VECTOR)
            .input("row", VECTOR)
            .node("next = Add sum row")
            .node("copy = Identity next")
            .output("next", "copy")
            .graph();
    Graphs graphs =
        Graphs.opset(16)
            .input("start", VECTOR)
            .input("rows", new ValueType.TensorType(DType.FLOAT, null))
            .node(
                "last all = Scan start rows",
                "body",
                body,
                "num_scan_inputs",
                1,
                "scan_input_directions",
                new long[] {1})
            .output("last", "all");
    Map<String, Value> outputs =
        run(graphs, Map.of("start", vector(0), "rows", Tensor.ofFloats(Shape.of(3, 1), 1, 2, 3)));
    assertThat(floats(outputs, "last")).containsExactly(6);
    assertThat(floats(outputs, "all")).containsExactly(3, 5, 6);
  }

  @Test
  void sequences_areBuilt_changedAndJoined() {
    Graphs graphs =
        Graphs.opset(17)
            .input("a", VECTOR)
            .input("b", VECTOR)
            .constant("first", Tensor.scalar(0L))
            .node("s = SequenceConstruct a b")
            .node("t = SequenceInsert s b first")
            .node("u = SequenceErase t")
            .node("n = SequenceLength u")
            .node("y = ConcatFromSequence u", "axis", 0)
            .node("z = SequenceAt u first")
            .output("n", "y", "z");
    Map<String, Value> outputs = run(graphs, Map.of("a", vector(1), "b", vector(2, 3)));
    assertThat(((Tensor) outputs.get("n")).toLongs()).containsExactly(2);
    assertThat(floats(outputs, "y")).containsExactly(2, 3, 1);
    assertThat(floats(outputs, "z")).containsExactly(2, 3);
  }

  @Test
  void sequenceMap_runsItsBody_onEachElement() {
    Graph body =
        Graphs.opset(17)
            .input("e", VECTOR)
            .input("by", VECTOR)
            .node("m = Mul e by")
            .output("m")
            .graph();
    Graphs graphs =
        Graphs.opset(17)
            .input("a", VECTOR)
            .input("by", VECTOR)
            .node("s = SequenceConstruct a a by")
            .node("y = SequenceMap s by", "body", body)
            .output("y");
    TensorSequence y =
        (TensorSequence) run(graphs, Map.of("a", vector(1, 2), "by", vector(3))).get("y");
    assertThat(y.elements())
        .extracting(element -> ((Tensor) element).toFloats())
        .containsExactly(new float[] {3, 6}, new float[] {3, 6}, new float[] {9});
  }

  @Test
  void sequenceAt_blamesTheNode_outsideTheSequence() {
    TensorSequence sequence = new TensorSequence(DType.FLOAT, List.of(vector(1)));
    assertThatThrownBy(() -> OpHarness.run("SequenceAt", sequence, Tensor.scalar(1L)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("position 1");
    assertThat(OpHarness.tensor("SequenceAt", sequence, Tensor.scalar(-1L)).toFloats())
        .containsExactly(1);
  }

  @Test
  void optional_holdsOrLacksAValue() {
    assertThat(OpHarness.tensor("OptionalHasElement", new OptionalValue(null)).toLongs())
        .containsExactly(0);
    assertThat(OpHarness.tensor("OptionalHasElement", vector(1)).toLongs()).containsExactly(1);
    assertThat(OpHarness.tensor("OptionalGetElement", new OptionalValue(longs(4))).toLongs())
        .containsExactly(4);
    assertThatThrownBy(() -> OpHarness.run("OptionalGetElement", new OptionalValue(null)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("empty");
  }

  /** Constants lie in the memory of the model's file, which aligns nothing. */
  @Test
  void loop_readsItsTripCount_whereverItLiesInTheFile() {
    for (int length = 1; length <= 8; length++) {
      Graph body =
          Graphs.opset(16)
              .input("i", COUNT)
              .input("on", FLAG)
              .input("a", VECTOR)
              .node("go = Identity on")
              .node("b = Add a x")
              .output("go", "b")
              .graph();
      String trips = "m".repeat(length);
      byte[] file =
          OnnxCodec.write(
              Graphs.opset(16)
                  .input("x", ValueType.tensor(DType.FLOAT, Shape.of(1)))
                  .constant(trips, Tensor.scalar(3L))
                  .node("y = Loop " + trips + " _ x", "body", body)
                  .output("y")
                  .model());
      try (Session session = Session.create(OnnxCodec.read(file), SessionOptions.DEFAULT)) {
        assertThat(floats(session.run(Map.of("x", vector(2))), "y")).containsExactly(8);
      }
    }
  }
}
