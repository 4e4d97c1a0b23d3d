package io.compresso.engine;

import static io.compresso.engine.OptimisedRuns.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Inputs that come again are read where they lie, whatever the caller does with that memory. */
class InputPlacementTest {
  private static final Shape SHAPE = Shape.of(2, 3, 60, 60);

  /** {@code y = relu(x) + w}, with a view of x as the second output. */
  private static Model model() {
    return Graphs.opset(18)
        .input("x", ValueType.tensor(DType.FLOAT, SHAPE))
        .input("w", ValueType.tensor(DType.FLOAT, SHAPE))
        .constant("flat", Tensor.ofLongs(Shape.of(1), -1))
        .node("r = Relu x")
        .node("y = Add r w")
        .node("v = Reshape x flat")
        .output("y", "v")
        .model();
  }

  private static Map<String, Tensor> inputs(int seed) {
    return Map.of("x", random(seed, 2, 3, 60, 60), "w", random(seed + 100, 2, 3, 60, 60));
  }

  private static void assertRight(Map<String, Tensor> in, Map<String, ? extends Value> out) {
    Tensor x = in.get("x");
    Tensor y = (Tensor) out.get("y");
    for (long i = 0; i < x.size(); i++) {
      if (y.getFloat(i) != Math.max(0, x.getFloat(i)) + in.get("w").getFloat(i)) {
        throw new AssertionError("element " + i);
      }
    }
    assertThat(((Tensor) out.get("v")).toFloats()).containsExactly(x.toFloats());
  }

  @Test
  void run_isRight_whateverTensorsAreGivenInTurn() {
    try (Session session = Session.create(model(), SessionOptions.DEFAULT)) {
      List<Map<String, Tensor>> all = List.of(inputs(1), inputs(2), inputs(3));
      int[] turns = {0, 0, 0, 1, 1, 1, 0, 1, 2, 2, 0, 0, 2};
      for (int turn : turns) {
        assertRight(all.get(turn), session.run(all.get(turn)));
      }
    }
  }

  @Test
  void run_seesWhatTheCallerHasWritten_whenTheTensorsAreTheSame() {
    try (Session session = Session.create(model(), SessionOptions.DEFAULT)) {
      Map<String, Tensor> in = inputs(1);
      Map<String, Tensor> out =
          Map.of(
              "y", Tensor.allocate(DType.FLOAT, SHAPE),
              "v", Tensor.allocate(DType.FLOAT, Shape.of(SHAPE.size())));
      for (int i = 0; i < 5; i++) {
        in.get("x").segment().copyFrom(random(50 + i, 2, 3, 60, 60).segment());
        Map<String, Value> fresh = session.run(in);
        assertRight(in, fresh);
        session.run(in, out);
        assertRight(in, out);
        in.get("x").setFloat(0, -1);
        assertThat(((Tensor) fresh.get("v")).getFloat(0)).isNotEqualTo(-1);
      }
    }
  }

  @Test
  void run_leavesInputsAsTheyAre_whenTheyComeAgain() {
    try (Session session = Session.create(model(), SessionOptions.DEFAULT)) {
      Map<String, Tensor> in = inputs(1);
      float[] before = in.get("x").toFloats();
      for (int i = 0; i < 4; i++) {
        session.run(in);
      }
      assertThat(in.get("x").toFloats()).containsExactly(before);
    }
  }

  @Test
  void run_isRight_whenAResultLiesInAnInputLater() {
    try (Session session = Session.create(model(), SessionOptions.DEFAULT)) {
      Map<String, Tensor> in = inputs(1);
      for (int i = 0; i < 3; i++) {
        session.run(in);
      }
      for (int i = 0; i < 4; i++) {
        in.get("x").segment().copyFrom(random(60 + i, 2, 3, 60, 60).segment());
        Map<String, Tensor> copy = Map.of("x", in.get("x").copy(), "w", in.get("w"));
        Map<String, Tensor> out =
            Map.of("y", in.get("x"), "v", Tensor.allocate(DType.FLOAT, Shape.of(SHAPE.size())));
        session.run(in, out);
        assertRight(copy, out);
      }
    }
  }

  @Test
  void run_copiesInputs_whenTheCallerMayFreeThem() {
    try (Session session = Session.create(model(), SessionOptions.DEFAULT)) {
      Tensor w = random(7, 2, 3, 60, 60);
      for (int i = 0; i < 4; i++) {
        try (Arena arena = Arena.ofConfined()) {
          Tensor x = Tensor.wrap(DType.FLOAT, SHAPE, arena.allocate(4 * SHAPE.size(), 64));
          x.segment().copyFrom(random(i, 2, 3, 60, 60).segment());
          Map<String, Tensor> in = Map.of("x", x, "w", w);
          assertRight(in, session.run(in));
          assertRight(in, session.run(in));
        }
      }
    }
  }

  @Test
  void run_isRight_whenSeveralThreadsGiveTheirOwnAgainAndSomeCancel() throws Exception {
    try (Session session = Session.create(model(), SessionOptions.DEFAULT.withThreads(2));
        ExecutorService callers = Executors.newFixedThreadPool(4)) {
      List<Future<?>> all = new ArrayList<>();
      for (int caller = 0; caller < 4; caller++) {
        Map<String, Tensor> in = inputs(caller);
        int from = 1000 * caller;
        all.add(
            callers.submit(() -> {
              for (int i = 0; i < 40; i++) {
                in.get("x").segment().copyFrom(random(from + i, 2, 3, 60, 60).segment());
                CancelToken token = new CancelToken();
                RunOptions options = RunOptions.plain().withCancel(token);
                if (i % 5 == 4) {
                  token.cancel();
                  assertThatThrownBy(() -> session.run(in, options))
                      .isInstanceOf(CancellationException.class);
                } else {
                  assertRight(in, session.run(in, options).values());
                }
              }
            }));
      }
      for (Future<?> caller : all) {
        caller.get();
      }
    }
  }

  @Test
  void memory_readsInPlace_onlyWhatNobodyFreesOrChecksBefore() {
    assertInPlace(Tensor.allocate(DType.FLOAT, SHAPE), true);
    assertInPlace(Tensor.allocate(DType.UINT8, Shape.of(1 << 8, 1 << 8)), true);
    assertInPlace(Tensor.allocate(DType.FLOAT, Shape.of(100)), false);
    assertInPlace(Tensor.allocate(DType.INT32, SHAPE), false);
    assertInPlace(Tensor.allocate(DType.INT64, SHAPE), false);
    assertInPlace(
        Tensor.wrap(DType.FLOAT, SHAPE, Arena.ofAuto().allocate(4 * SHAPE.size())), false);
    assertInPlace(Tensor.allocateBriefly(DType.FLOAT, SHAPE), false);
  }

  private static void assertInPlace(Tensor x, boolean inPlace) {
    Model model =
        Graphs.opset(18)
            .input("x", ValueType.tensor(x.dtype(), x.shape()))
            .node("y = Transpose x")
            .output("y")
            .model();
    Plan plan = Planner.plan(GraphCompiler.compile(model, Set.of()), false, (_, _) -> null);
    try (BoundPlan bound =
            Binder.bind(
                plan,
                List.of(TensorSpec.of(x)),
                Collections.singletonList(null),
                new Binder.Setting(1, new KernelStore(), (_, _) -> null),
                null);
        PlanMemory memory = PlanMemory.of(bound, Long.MAX_VALUE, 1)) {
      for (int i = 0; i < 3; i++) {
        memory.settle(new PlanEnds.Offer(List.of("x"), Map.of("x", x), List.of("y"), Map.of()));
        assertThat(memory.input(0).segment().equals(x.segment())).isEqualTo(inPlace);
        memory.run(RunOptions.plain(), null);
      }
      Map<String, Tensor> others = Map.of("x", x.copy());
      memory.settle(new PlanEnds.Offer(List.of("x"), others, List.of("y"), Map.of()));
      assertThat(memory.input(0).segment().equals(x.segment())).isFalse();
    }
  }
}
