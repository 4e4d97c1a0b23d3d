package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.evaluate.models.Networks;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import io.compresso.testing.OrtRunner;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ObservationTest {
  private static final Map<Boolean, String> LAYOUTS = Map.of(false, "as is", true, "any");

  @ParameterizedTest
  @EnumSource(
      value = Networks.class,
      names = {"RESNET_18", "SHUFFLENET_V2", "GOOGLENET", "UNET", "BERT_BASE"})
  void listener_seesWhatTheGraphAsWrittenComputes(Networks network) {
    Model model = network.small();
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    model
        .graph()
        .requiredInputs()
        .forEach(
            input -> inputs.put(input.name(), OrtRunner.random(input.name(), input.type(), 5)));
    Map<String, Tensor> expected = new HashMap<>();
    try (Session plain = Session.create(model, SessionOptions.DEFAULT)) {
      plain.run(inputs, (name, value) -> put(expected, name, value));
    }
    for (boolean any : LAYOUTS.keySet()) {
      Map<String, Tensor> seen = new HashMap<>();
      try (Session session =
          Session.observable(
              model, new Observation(expected.keySet(), any), SessionOptions.DEFAULT)) {
        for (int run = 0; run < 2; run++) {
          seen.clear();
          session.run(
              inputs,
              (name, value) -> {
                if (value instanceof Tensor tensor) {
                  put(seen, name, session.showsChannelsLast(name) ? first(tensor) : tensor);
                }
              });
        }
      }
      assertThat(seen.keySet()).as(LAYOUTS.get(any)).isEqualTo(expected.keySet());
      expected.forEach((name, tensor) -> assertClose(name, tensor, seen.get(name)));
    }
  }

  private static void put(Map<String, Tensor> values, String name, Value value) {
    if (value instanceof Tensor tensor && tensor.dtype() == DType.FLOAT) {
      values.put(name, tensor.copy());
    }
  }

  /** Moves the last axis to place 1. */
  private static Tensor first(Tensor tensor) {
    long[] dims = tensor.shape().dims();
    int rank = dims.length;
    long[] moved = dims.clone();
    moved[1] = dims[rank - 1];
    System.arraycopy(dims, 1, moved, 2, rank - 2);
    Tensor result = Tensor.allocate(tensor.dtype(), Shape.of(moved));
    long channels = dims[rank - 1];
    long inner = tensor.size() / dims[0] / channels;
    for (long i = 0; i < tensor.size(); i++) {
      long outer = i / channels / inner;
      result.setDouble(
          (outer * channels + i % channels) * inner + i / channels % inner, tensor.getDouble(i));
    }
    return result;
  }

  private static void assertClose(String name, Tensor expected, Tensor actual) {
    assertThat(actual.shape()).as(name).isEqualTo(expected.shape());
    double size = 0;
    double difference = 0;
    for (long i = 0; i < expected.size(); i++) {
      size = Math.max(size, Math.abs(expected.getDouble(i)));
      difference = Math.max(difference, Math.abs(expected.getDouble(i) - actual.getDouble(i)));
    }
    assertThat(difference).as(name).isLessThanOrEqualTo(1e-4 * size + 1e-6);
  }

  @Test
  void observedRun_takesNoMoreMemoryThanItsLiveValues() {
    Graphs graph = Graphs.opset(17).input("x", ValueType.tensor(DType.FLOAT, Shape.of(1 << 16)));
    StringBuilder last = new StringBuilder("x");
    for (int i = 0; i < 40; i++) {
      graph.node("v" + i + " = " + (i % 2 == 0 ? "Exp " : "Neg ") + last);
      last.replace(0, last.length(), "v" + i);
    }
    Model model = graph.output(last.toString()).model();
    Set<String> all = new HashSet<>();
    for (int i = 0; i < 40; i++) {
      all.add("v" + i);
    }
    Tensor x = Tensor.allocate(DType.FLOAT, Shape.of(1 << 16));
    try (Session session =
        Session.observable(model, new Observation(all, false), SessionOptions.DEFAULT)) {
      int[] seen = new int[1];
      RunResult result =
          session.run(Map.of("x", x), RunOptions.plain().withListener((_, _) -> seen[0]++));
      assertThat(seen[0]).isEqualTo(40);
      assertThat(result.peakBytes()).isLessThan(4L * x.byteSize());
    }
  }

  @Test
  void listener_seesValuesInEachRun_whenTheyFollowFromShapes() {
    Model model =
        Graphs.opset(17)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(2, 3)))
            .node("s = Shape x")
            .node("c = ConstantOfShape s")
            .node("e = Exp c")
            .node("y = Add x e")
            .output("y")
            .model();
    Map<String, Tensor> inputs = Map.of("x", Tensor.allocate(DType.FLOAT, Shape.of(2, 3)));
    try (Session session =
        Session.observable(
            model, new Observation(Set.of("e", "y"), true), SessionOptions.DEFAULT)) {
      for (int run = 0; run < 2; run++) {
        Map<String, Tensor> seen = new HashMap<>();
        session.run(inputs, (name, value) -> put(seen, name, value));
        assertThat(seen).containsOnlyKeys("e", "y");
        assertThat(seen.get("e").shape()).isEqualTo(Shape.of(2, 3));
        assertThat(seen.get("e").getFloat(5)).isEqualTo(1);
      }
    }
  }

  @Test
  void observable_namesTheValue_whenItIsNotInTheGraph() {
    Model model =
        Graphs.opset(17)
            .input("x", ValueType.tensor(DType.FLOAT, Shape.of(2)))
            .node("y = Relu x")
            .output("y")
            .model();
    assertThatThrownBy(() ->
            Session.observable(model, new Observation(Set.of("zz"), false), SessionOptions.DEFAULT))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("'zz'");
  }
}
