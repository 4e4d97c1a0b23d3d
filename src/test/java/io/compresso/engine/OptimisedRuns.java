package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;

/** Optimised runs held to those of the graph as it is, node by node. */
final class OptimisedRuns {
  private static final SessionOptions PLAIN = SessionOptions.DEFAULT.withOptimised(false);

  private OptimisedRuns() {}

  static Tensor random(long seed, long... dims) {
    SplittableRandom random = new SplittableRandom(seed);
    Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, (float) (random.nextDouble() * 2 - 1));
    }
    return tensor;
  }

  /** Runs the graph twice in both ways; gives the profile of one run more. */
  static List<RunResult.NodeProfile> check(
      Session session, Model model, Map<String, Tensor> inputs) {
    Map<String, Value> expected;
    try (Session plain = Session.create(model, PLAIN)) {
      expected = plain.run(inputs);
    }
    for (int run = 0; run < 2; run++) {
      Map<String, Value> values = session.run(inputs);
      assertThat(values.keySet()).isEqualTo(expected.keySet());
      expected.forEach((name, value) -> {
        Tensor wanted = (Tensor) value;
        Tensor got = (Tensor) values.get(name);
        assertThat(got.shape()).as(name).isEqualTo(wanted.shape());
        assertThat(got.dtype()).as(name).isEqualTo(wanted.dtype());
        for (long i = 0; i < wanted.size(); i++) {
          assertThat(got.getDouble(i))
              .as(name + "[" + i + "]")
              .isCloseTo(
                  wanted.getDouble(i), offset(1e-5 * Math.max(1, Math.abs(wanted.getDouble(i)))));
        }
      });
    }
    return session.run(inputs, RunOptions.plain().withProfile()).profile();
  }

  /** Whether all nodes of the graph itself are lowered, those with subgraphs among them. */
  static boolean isBound(Model model) {
    List<TensorSpec> specs = new ArrayList<>();
    for (ValueInfo input : model.graph().requiredInputs()) {
      ValueType.TensorType type = (ValueType.TensorType) input.type();
      specs.add(new TensorSpec(type.dtype(), Objects.requireNonNull(type.shapeOrNull())));
    }
    Plan plan = Planner.plan(GraphCompiler.compile(model, Set.of()), false, (_, _) -> null);
    try (BoundPlan bound =
        Binder.bind(
            plan,
            specs,
            Collections.nCopies(specs.size(), null),
            new Binder.Setting(1, new KernelStore(), (_, _) -> null),
            null)) {
      return !bound.hasReferences;
    }
  }
}
