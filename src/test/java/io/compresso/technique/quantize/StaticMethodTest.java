package io.compresso.technique.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.technique.BatchSource;
import io.compresso.technique.JobHost;
import io.compresso.technique.JobSpec;
import io.compresso.technique.Objective;
import io.compresso.technique.Report;
import io.compresso.technique.StepContext;
import io.compresso.technique.Technique;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StaticMethodTest {
  @TempDir private Path work;

  /** Self-attention with an embedding before and a residual around. */
  private static Model attention() {
    return Graphs.opset(17)
        .input("ids", ValueType.tensor(DType.INT64, Shape.of(1, 8)))
        .constant("table", Fixtures.gaussian(1, 1, 64, 32))
        .constant("gain", Fixtures.gaussian(2, 0.1f, 32))
        .constant("q", Fixtures.gaussian(3, 0.2f, 32, 32))
        .constant("k", Fixtures.gaussian(4, 0.2f, 32, 32))
        .constant("v", Fixtures.gaussian(5, 0.2f, 32, 32))
        .constant("vb", Fixtures.gaussian(6, 0.5f, 32))
        .constant("o", Fixtures.gaussian(7, 0.2f, 32, 32))
        .node("e = Gather table ids")
        .node("qs = MatMul e q")
        .node("ks = MatMul e k")
        .node("vm = MatMul e v")
        .node("vs = Add vm vb")
        .node("kt = Transpose ks", "perm", new long[] {0, 2, 1})
        .node(Node.of("scores", "MatMul", List.of("qs", "kt"), List.of("s"), Map.of()))
        .node("p = Softmax s", "axis", -1)
        .node(Node.of("mix", "MatMul", List.of("p", "vs"), List.of("c"), Map.of()))
        .node("h = MatMul c o")
        .node("r = Add h e")
        .node("y = LayerNormalization r gain", "axis", -1)
        .output("y")
        .model();
  }

  private static Map<String, Tensor> ids(long seed) {
    long[] ids = new long[8];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (seed * 13 + i * 7L) % 64;
    }
    return Map.of("ids", Tensor.ofLongs(Shape.of(1, 8), ids));
  }

  private static final BatchSource IDS = Fixtures.source(16, StaticMethodTest::ids);

  private void assertAgrees(Model parent, Model child, double db) throws Exception {
    Map<String, Tensor> expected = Fixtures.inEngine(parent, ids(77));
    Map<String, Tensor> peer = Fixtures.inPeer(child, ids(77), work);
    Map<String, Tensor> engine = Fixtures.inEngine(child, ids(77));
    assertThat(Fixtures.sqnr(expected, peer)).isGreaterThan(db);
    assertThat(Fixtures.sqnr(peer, engine)).isGreaterThan(40);
  }

  @ParameterizedTest
  @CsvSource({"qdq, uint8", "qdq, int8", "qoperator, uint8"})
  void attention_computesOnIntegers_productsOfActivationsToo(String format, String type)
      throws Exception {
    Technique.Outcome outcome =
        Fixtures.quantize(
            attention(),
            Map.of("format", format, "activations", Map.of("type", type)),
            Fixtures.context(IDS, work));
    assertThat(outcome.layers())
        .filteredOn(layer -> layer.node().equals("scores") || layer.node().equals("mix"))
        .extracting(Report.Layer::precision)
        .containsExactly("int8", "int8");
    assertThat(outcome.layers())
        .filteredOn(layer -> layer.opType().equals("Gather"))
        .extracting(Report.Layer::precision)
        .containsExactly("int8-weights");
    assertAgrees(attention(), outcome.model(), 20);
  }

  @ParameterizedTest
  @ValueSource(strings = {"uint8", "int8"})
  void sixteenBits_leaveTheErrorOfTheWeights(String type) throws Exception {
    Map<String, Object> activations = Map.of("bits", 16, "type", type);
    Technique.Outcome outcome =
        Fixtures.quantize(
            attention(), Map.of("activations", activations), Fixtures.context(IDS, work));
    assertThat(outcome.layers())
        .filteredOn(layer -> layer.opType().equals("MatMul"))
        .extracting(Report.Layer::precision)
        .containsOnly("int8-int16");
    assertAgrees(attention(), outcome.model(), 29);
  }

  /** A goal for the ratio of noise: the loss is that of the outputs, in a share of the signal. */
  private Objective goal(double maxDrop) {
    return new Objective() {
      @Override
      public double maxDrop() {
        return maxDrop;
      }

      @Override
      public double drop(Model candidate) {
        Map<String, Tensor> expected = Fixtures.inEngine(attention(), ids(50));
        double db = Fixtures.sqnr(expected, Fixtures.inEngine(candidate, ids(50)));
        return Math.pow(10, -db / 20);
      }
    };
  }

  private Technique.Outcome search(double maxDrop, int trials) {
    return Fixtures.quantize(
        attention(),
        Map.of("exclude", List.of("auto")),
        new StepContext(
            IDS,
            goal(maxDrop),
            "auto",
            new JobSpec.Budget(trials, 2, 4096),
            42,
            work,
            JobHost.LOCAL));
  }

  @Test
  void auto_widensLayers_whenThatMeetsTheGoal() throws Exception {
    Technique.Outcome outcome = search(0.036, 20);
    assertThat(outcome.layers())
        .extracting(Report.Layer::precision)
        .contains("int8-int16")
        .doesNotContain("fp32");
    assertThat(goal(0.036).drop(outcome.model())).isLessThanOrEqualTo(0.036);
  }

  @Test
  void auto_endsWithTheBest_whenNoChoiceMeetsTheGoal() {
    Technique.Outcome outcome = search(0.0001, 6);
    assertThat(outcome.notes())
        .anyMatch(note -> note.contains("16-bit activations"))
        .anyMatch(note -> note.contains("in float"));
    assertThat(goal(0).drop(outcome.model())).isLessThan(0.05);
  }

  @ParameterizedTest
  @CsvSource({"fbgemm, true, 64", "qnnpack, false, 127"})
  void backends_setWhatTheirRuntimesTake(String backend, boolean perChannel, int limit) {
    Technique.Outcome outcome =
        Fixtures.quantize(
            attention(),
            Map.of("backend", backend, "activations", Map.of("type", "int8", "smooth", "off")),
            Fixtures.context(IDS, work));
    Model child = outcome.model();
    GraphIndex index = new GraphIndex(child.graph());
    int checked = 0;
    for (Node node : child.graph().nodes()) {
      Tensor weights = node.is("DequantizeLinear") ? index.constant(node.input(0)) : null;
      if (weights != null && weights.shape().rank() == 2) {
        checked++;
        assertThat(index.constant(node.inputs().get(1)).size()).isEqualTo(perChannel ? 32 : 1);
        long largest = 0;
        for (long value : weights.toLongs()) {
          largest = Math.max(largest, Math.abs(value));
        }
        assertThat(largest).isLessThanOrEqualTo(limit).isGreaterThan(limit - 16);
      } else if (node.is("QuantizeLinear")) {
        assertThat(index.constant(node.inputs().get(2)).dtype()).isEqualTo(DType.UINT8);
      }
    }
    assertThat(checked).isEqualTo(4);
  }
}
