package io.compresso.engine;

import static io.compresso.engine.OptimisedRuns.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Large outputs go where the caller wants them, whatever the caller does with that memory. */
class OutputPlacementTest {
  private static final Shape SHAPE = Shape.of(1, 4, 80, 80);

  /** {@code y = relu(x)}, {@code z = -y + x}, with a view of z as the third output. */
  private static Model model() {
    return Graphs.opset(18)
        .input("x", ValueType.tensor(DType.FLOAT, SHAPE))
        .constant("flat", Tensor.ofLongs(Shape.of(1), -1))
        .node("y = Relu x")
        .node("n = Neg y")
        .node("z = Add n x")
        .node("v = Reshape z flat")
        .output("y", "z", "v")
        .model();
  }

  private static Map<String, Tensor> outputs() {
    return Map.of(
        "y", Tensor.allocate(DType.FLOAT, SHAPE), "z", Tensor.allocate(DType.FLOAT, SHAPE));
  }

  private static void assertRight(Tensor x, Map<String, Tensor> outputs) {
    for (long i = 0; i < x.size(); i++) {
      float y = Math.max(0, x.getFloat(i));
      if (outputs.get("y").getFloat(i) != y || outputs.get("z").getFloat(i) != x.getFloat(i) - y) {
        throw new AssertionError("element " + i);
      }
    }
  }

  @Test
  void run_isRight_whateverTensorsAreGivenInTurn() {
    try (Session session = Session.create(model(), SessionOptions.DEFAULT)) {
      List<Map<String, Tensor>> places = List.of(outputs(), outputs(), outputs());
      int[] turns = {0, 0, 0, 1, 1, 1, 0, 1, 2, 2, 0, 0, 2};
      for (int i = 0; i < turns.length; i++) {
        Tensor x = random(i, 1, 4, 80, 80);
        session.run(Map.of("x", x), places.get(turns[i]));
        assertRight(x, places.get(turns[i]));
        if (i % 4 == 3) {
          Tensor other = random(100 + i, 1, 4, 80, 80);
          Map<String, Value> fresh = session.run(Map.of("x", other));
          assertRight(x, places.get(turns[i]));
          assertRight(other, Map.of("y", (Tensor) fresh.get("y"), "z", (Tensor) fresh.get("z")));
          assertThat(((Tensor) fresh.get("v")).toFloats())
              .containsExactly(((Tensor) fresh.get("z")).toFloats());
        }
      }
    }
  }

  @Test
  void run_mayReadAnInputFromWhereAnOutputGoes() {
    try (Session session = Session.create(model(), SessionOptions.DEFAULT)) {
      Map<String, Tensor> outputs = outputs();
      for (int i = 0; i < 4; i++) {
        Tensor x = random(i, 1, 4, 80, 80);
        outputs.get("y").segment().copyFrom(x.segment());
        session.run(Map.of("x", outputs.get("y")), outputs);
        assertRight(x, outputs);
      }
    }
  }

  @Test
  void run_leavesMemoryAloneThatWasClosed() {
    try (Session session = Session.create(model(), SessionOptions.DEFAULT)) {
      Map<String, Tensor> closed;
      Tensor x = random(1, 1, 4, 80, 80);
      try (Arena arena = Arena.ofShared()) {
        closed =
            Map.of(
                "y", Tensor.allocate(arena, DType.FLOAT, SHAPE),
                "z", Tensor.allocate(arena, DType.FLOAT, SHAPE));
        for (int i = 0; i < 4; i++) {
          session.run(Map.of("x", x), closed);
          assertRight(x, closed);
        }
      }
      assertThatThrownBy(() -> session.run(Map.of("x", x), closed))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void run_refusesTensorsOfAnotherShape_alsoAfterRightOnes() {
    try (Session session = Session.create(model(), SessionOptions.DEFAULT)) {
      Map<String, Tensor> outputs = outputs();
      Tensor x = random(1, 1, 4, 80, 80);
      session.run(Map.of("x", x), outputs);
      session.run(Map.of("x", x), outputs);
      Map<String, Tensor> wrong = Map.of("y", Tensor.allocate(DType.FLOAT, Shape.of(3)));
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> session.run(Map.of("x", x), wrong))
            .isInstanceOf(GraphException.class)
            .hasMessageContaining("'y'");
      }
      session.run(Map.of("x", x), outputs);
      assertRight(x, outputs);
    }
  }

  @Test
  void memory_computesWhereItIsWanted_whenThatIsWantedAgain() {
    Plan plan = Planner.plan(GraphCompiler.compile(model(), Set.of()), false, (_, _) -> null);
    List<String> names = List.of("y", "z", "v");
    List<TensorSpec> inputs = List.of(new TensorSpec(DType.FLOAT, SHAPE));
    try (BoundPlan bound =
            Binder.bind(
                plan,
                inputs,
                Collections.nCopies(inputs.size(), null),
                new Binder.Setting(1, new KernelStore(), (_, _) -> null),
                null);
        PlanMemory memory = PlanMemory.of(bound, Long.MAX_VALUE, 1)) {
      Map<String, Tensor> first = outputs();
      Map<String, Tensor> second = outputs();
      List<Map<String, Tensor>> offers = List.of(first, first, first, second, first, Map.of());
      boolean[] inPlace = {true, true, true, false, false, false};
      for (int i = 0; i < inPlace.length; i++) {
        memory.settle(new PlanEnds.Offer(List.of("x"), Map.of(), names, offers.get(i)));
        memory.run(RunOptions.plain(), null);
        assertThat(memory.isInPlace(0)).as("run %d", i).isEqualTo(inPlace[i]);
        Tensor y = (Tensor) memory.output(0);
        assertThat(y != null && y.segment().address() == first.get("y").segment().address())
            .isEqualTo(inPlace[i]);
      }
    }
  }
}
