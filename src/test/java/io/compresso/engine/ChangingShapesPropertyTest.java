package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.engine.random.RandomGraph;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Runs of one session, of several shapes in turns and at a time, some of them cancelled, give bit
 * for bit what a new session gives for each of them.
 */
class ChangingShapesPropertyTest {
  private static final int THREADS = 3;
  private static final int RUNS = 12;

  /** A run's inputs, and what a session gives that has run nothing else. */
  private record Case(Map<String, Tensor> inputs, Map<String, Value> expected) {}

  @TestFactory
  Stream<DynamicTest> runs_giveWhatNewSessionsGive_whateverShapesWereBefore() {
    long from = Long.getLong("random.graphs.from", 0);
    return LongStream.range(from, from + Long.getLong("random.graphs.count", 60))
        .mapToObj(seed -> DynamicTest.dynamicTest("seed " + seed, () -> check(seed)));
  }

  private static void check(long seed) throws Exception {
    RandomGraph graph = RandomGraph.of(seed);
    Model model = ofAnyShapes(graph.model());
    List<Case> cases = new ArrayList<>();
    for (int factor = 1; factor <= 3; factor++) {
      for (int axis = 0; axis < 4; axis++) {
        add(model, scaled(graph.inputs(), axis, factor), cases);
      }
    }
    assertThat(cases).as(graph.text()).isNotEmpty();
    try (Session session = Session.create(model, options());
        ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      List<Future<?>> runs =
          IntStream.range(0, THREADS)
              .<Future<?>>mapToObj(thread ->
                  threads.submit(() -> run(session, cases, THREADS * seed + thread, graph.text())))
              .toList();
      for (Future<?> run : runs) {
        run.get();
      }
    }
  }

  private static SessionOptions options() {
    return SessionOptions.DEFAULT.withThreads(1);
  }

  private static void add(Model model, Map<String, Tensor> inputs, List<Case> cases) {
    try (Session session = Session.create(model, options())) {
      cases.add(new Case(inputs, session.run(inputs)));
    } catch (GraphException e) {
      // Not every graph takes inputs of other shapes.
    }
  }

  private static void run(Session session, List<Case> cases, long seed, String text) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < RUNS; i++) {
      Case chosen = cases.get(random.nextInt(cases.size()));
      switch (random.nextInt(4)) {
        case 0 -> cancelled(session, chosen.inputs());
        case 1 -> assertSame(text, chosen, intoTensors(session, chosen));
        case 2 -> {
          RunResult result = session.run(chosen.inputs(), RunOptions.plain().withProfile());
          assertSame(text, chosen, result.values());
        }
        default -> assertSame(text, chosen, session.run(copies(chosen.inputs())));
      }
    }
  }

  /** Cancels a run while it is under way, if it is still. */
  private static void cancelled(Session session, Map<String, Tensor> inputs) {
    CancelToken token = new CancelToken();
    Thread other = Thread.ofVirtual().start(token::cancel);
    try {
      session.run(inputs, RunOptions.plain().withCancel(token));
    } catch (CancellationException e) {
      // Or it was too late.
    } finally {
      other.interrupt();
    }
  }

  private static Map<String, Value> intoTensors(Session session, Case chosen) {
    Map<String, Tensor> results = new HashMap<>();
    chosen
        .expected()
        .forEach((name, value) -> {
          Tensor tensor = (Tensor) value;
          results.put(name, Tensor.allocate(tensor.dtype(), tensor.shape()));
        });
    session.run(chosen.inputs(), results);
    return Map.copyOf(results);
  }

  private static Map<String, Tensor> copies(Map<String, Tensor> tensors) {
    Map<String, Tensor> copies = new HashMap<>();
    tensors.forEach((name, tensor) -> copies.put(name, tensor.copy()));
    return copies;
  }

  private static void assertSame(String text, Case chosen, Map<String, Value> actual) {
    chosen
        .expected()
        .forEach((name, value) -> {
          Tensor expected = (Tensor) value;
          Tensor tensor = (Tensor) actual.get(name);
          assertThat(tensor.shape()).as("%s of%n%s", name, text).isEqualTo(expected.shape());
          assertThat(tensor.segment().mismatch(expected.segment()))
              .as("%s %s of%n%s", name, tensor.shape(), text)
              .isEqualTo(-1);
        });
  }

  private static Model ofAnyShapes(Model model) {
    Graph graph = model.graph();
    List<ValueInfo> inputs = new ArrayList<>();
    for (ValueInfo input : graph.inputs()) {
      TensorType type = (TensorType) input.type();
      int rank = Objects.requireNonNull(type.dims()).size();
      List<Dim> dims =
          IntStream.range(0, rank).mapToObj(i -> Dim.symbol(input.name() + i)).toList();
      inputs.add(new ValueInfo(input.name(), new TensorType(type.dtype(), dims)));
    }
    List<ValueInfo> outputs =
        graph.outputs().stream()
            .map(output -> new ValueInfo(output.name(), ValueType.UNKNOWN))
            .toList();
    return model.withGraph(
        new Graph(
            graph.name(),
            inputs,
            outputs,
            graph.nodes(),
            graph.initializers(),
            Map.of(),
            graph.annotations()));
  }

  /** The tensors, again and again along an axis. */
  private static Map<String, Tensor> scaled(Map<String, Tensor> tensors, int axis, int factor) {
    Map<String, Tensor> scaled = new HashMap<>();
    tensors.forEach((name, tensor) -> {
      long[] dims = tensor.shape().dims();
      if (axis < dims.length) {
        dims[axis] *= factor;
      }
      Tensor other = Tensor.allocate(tensor.dtype(), Shape.of(dims));
      for (long i = 0; i < other.size(); i++) {
        other.setDouble(i, tensor.getDouble(i % tensor.size()));
      }
      scaled.put(name, other);
    });
    return scaled;
  }
}
