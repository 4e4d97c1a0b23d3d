package io.compresso.technique.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import io.compresso.onnx.OnnxCodec;
import io.compresso.technique.Technique;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.SharedData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against plain rounding, on a small BERT with outputs of its own. */
@Tag("shared-data")
class TransformerSharedTest {
  private static final int TOKENS = 24;

  @TempDir private Path work;

  private static Model bert() throws IOException {
    Path file =
        SharedData.models().stream()
            .filter(path -> path.endsWith("ort-bert-toy.onnx"))
            .findFirst()
            .orElseThrow();
    return OnnxCodec.read(file);
  }

  private static Map<String, Tensor> sentence(Model model, long seed) {
    int words =
        model.graph().nodes().stream()
            .filter(node -> node.is("Gather") && node.inputs().get(1).equals("input_ids"))
            .mapToInt(node ->
                (int) model.graph().initializers().get(node.inputs().getFirst()).shape().dim(0))
            .findFirst()
            .orElseThrow();
    Random random = new Random(seed);
    long[] ids = new long[TOKENS];
    long[] types = new long[TOKENS];
    long[] mask = new long[TOKENS];
    for (int i = 0; i < TOKENS; i++) {
      ids[i] = random.nextInt(words);
      types[i] = i < TOKENS / 2 ? 0 : 1;
      mask[i] = 1;
    }
    Shape shape = Shape.of(1, TOKENS);
    return Map.of(
        "input_ids", Tensor.ofLongs(shape, ids),
        "token_type_ids", Tensor.ofLongs(shape, types),
        "input_mask", Tensor.ofLongs(shape, mask));
  }

  private double ratio(Model model, Map<String, ?> parameters, double minutes) throws Exception {
    Technique.Outcome outcome =
        Fixtures.quantize(
            model,
            parameters,
            Fixtures.within(minutes, Fixtures.source(100, i -> sentence(model, i)), work));
    double sum = 0;
    for (int seed = 1000; seed < 1010; seed++) {
      Map<String, Tensor> inputs = sentence(model, seed);
      sum +=
          Fixtures.sqnr(
              Fixtures.inPeer(model, inputs, work), Fixtures.inPeer(outcome.model(), inputs, work));
    }
    return sum / 10;
  }

  @Test
  void gptqAndAdaRound_gainTwoDecibelsAtFourBits() throws Exception {
    Model model = bert();
    double nearest = ratio(model, rounding("nearest"), 0.3);
    double gptq = ratio(model, rounding("gptq"), 0.3);
    double learned = ratio(model, rounding("adaround"), 2);
    assertThat(gptq).isGreaterThan(nearest + 2);
    assertThat(learned).isGreaterThan(nearest + 2);
  }

  private static Map<String, ?> rounding(String kind) {
    return Map.of(
        "mode",
        "weight-only",
        "format",
        "qoperator",
        "operators",
        List.of("MatMul", "Gemm"),
        "weights",
        Map.of("bits", 4, "block", 32, "rounding", kind));
  }

  @Test
  void smoothQuant_gainsSixDecibels_whereChannelsAreOutliers() throws Exception {
    Model model = withOutliers(bert());
    double plain = ratio(model, smoothing("off"), 0.3);
    double smooth = ratio(model, smoothing("all"), 0.3);
    assertThat(smooth).isGreaterThan(plain + 6);
  }

  private static Map<String, ?> smoothing(String kind) {
    return Map.of("activations", Map.of("smooth", kind, "observer", "min-max"));
  }

  /**
   * Every eleventh channel of each normalization 40 times as large, and the weights of the products
   * that read it as much smaller.
   */
  private static Model withOutliers(Model model) {
    Model prepared = PrepareGraph.prepare(model);
    GraphIndex index = new GraphIndex(prepared.graph());
    Patch patch = new Patch();
    for (Node add : prepared.graph().nodes()) {
      Node mul = add.is("Add") ? index.producer(add.inputs().getFirst()) : null;
      Tensor gain = mul != null && mul.is("Mul") ? index.floatConstant(mul.input(1)) : null;
      gain =
          gain == null && mul != null && mul.is("Mul") ? index.floatConstant(mul.input(0)) : gain;
      Tensor shift = index.floatConstant(add.inputs().getLast());
      if (gain == null || shift == null || gain.size() < 8 || gain.size() != shift.size()) {
        continue;
      }
      String gainName =
          index.floatConstant(mul.input(1)) == gain ? mul.inputs().get(1) : mul.inputs().get(0);
      scale(prepared, patch, gainName, 1, 40);
      scale(prepared, patch, add.inputs().getLast(), 1, 40);
      List<Node> readers = new ArrayList<>(index.readers(add.outputs().getFirst()));
      for (Node reader : readers) {
        Tensor weights = reader.is("MatMul") ? index.floatConstant(reader.input(1)) : null;
        if (weights != null) {
          scale(prepared, patch, reader.inputs().get(1), (int) weights.shape().dim(1), 1f / 40);
        }
      }
    }
    return patch.apply(prepared);
  }

  private static void scale(Model model, Patch patch, String name, int perRow, float factor) {
    Tensor tensor = model.graph().initializers().get(name).copy();
    for (int i = 0; i < tensor.size(); i++) {
      if (i / perRow % 11 == 5) {
        tensor.setFloat(i, tensor.getFloat(i) * factor);
      }
    }
    patch.initializer(name, tensor);
  }
}
