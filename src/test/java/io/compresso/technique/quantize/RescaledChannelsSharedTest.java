package io.compresso.technique.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.data.Binding;
import io.compresso.data.Dataset;
import io.compresso.data.DatasetSchema;
import io.compresso.data.DatasetSpec;
import io.compresso.data.Datasets;
import io.compresso.data.Sample;
import io.compresso.data.Selection;
import io.compresso.evaluate.Comparison;
import io.compresso.evaluate.EngineRunner;
import io.compresso.evaluate.EvaluationOptions;
import io.compresso.evaluate.Evaluator;
import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.evaluate.PeerOptions;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import io.compresso.onnx.OnnxCodec;
import io.compresso.technique.BatchSource;
import io.compresso.technique.Technique;
import io.compresso.tensor.Tensor;
import io.compresso.testing.SharedData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A MobileNet whose channels are rescaled over a wide range, which changes nothing in floats: one
 * scale for all weights of a layer breaks it, equalization or a scale a channel mends it.
 */
@Tag("shared-data")
class RescaledChannelsSharedTest {
  @TempDir private Path work;

  @Test
  void agreement_fallsPerTensor_andIsKeptByEqualizationOrPerChannel() throws Exception {
    Path file =
        SharedData.models().stream()
            .filter(path -> path.endsWith("mlperf-vww-mobilenetv1-fp32.onnx"))
            .findFirst()
            .orElseThrow();
    Model model = rescaled(PrepareGraph.prepare(OnnxCodec.read(file)), 7);
    Path parent = work.resolve("parent.onnx");
    OnnxCodec.write(model, parent);
    Map<String, Object> image =
        Map.of("width", 96, "height", 96, "resize", "stretch", "layout", "nchw");
    Path archive =
        Path.of(System.getProperty("shared.dir"), "data/cifar10/cifar10-train-10k-jpeg.tar");
    try (Dataset labelled = Datasets.open(archive, DatasetSpec.of(Map.of("image", image)))) {
      Dataset calibration = unlabelled(labelled.select(Selection.perClass(200, 220)));
      Dataset evaluation = unlabelled(labelled.select(Selection.perClass(0, 200)));
      double perTensor = agreement(model, parent, calibration, evaluation, false, false);
      double equalized = agreement(model, parent, calibration, evaluation, false, true);
      double perChannel = agreement(model, parent, calibration, evaluation, true, false);
      assertThat(perTensor).isLessThanOrEqualTo(0.9);
      assertThat(equalized).isGreaterThanOrEqualTo(0.99);
      assertThat(perChannel).isGreaterThanOrEqualTo(0.99);
    }
  }

  /** The images alone: what they are labelled with means nothing to this model. */
  private static Dataset unlabelled(Dataset images) {
    return new Dataset() {
      @Override
      public DatasetSchema schema() {
        return new DatasetSchema(images.schema().fields(), null);
      }

      @Override
      public long size() {
        return images.size();
      }

      @Override
      public Sample get(long index) {
        return new Sample(images.get(index).fields(), null);
      }

      @Override
      public void close() {}
    };
  }

  private double agreement(
      Model model,
      Path parentFile,
      Dataset calibration,
      Dataset evaluation,
      boolean perChannel,
      boolean equalize)
      throws IOException {
    Binding binding =
        Binding.of(calibration.schema(), EngineRunner.inputsOf(model.graph()), Map.of());
    BatchSource source =
        new BatchSource() {
          @Override
          public long samples() {
            return calibration.size();
          }

          @Override
          public void forEach(Consumer consumer) {
            binding.forEachBatch(
                calibration, 1, batch -> consumer.accept(batch.inputs(), batch.count()));
          }
        };
    Technique.Outcome outcome =
        Fixtures.quantize(
            model,
            Map.of("weights", Map.of("perChannel", perChannel, "equalize", equalize)),
            Fixtures.within(0.3, source, work));
    Path file = work.resolve("child.onnx");
    OnnxCodec.write(outcome.model(), file);
    try (OnnxRuntimePeer parent = OnnxRuntimePeer.open(parentFile, PeerOptions.DEFAULT);
        OnnxRuntimePeer child = OnnxRuntimePeer.open(file, PeerOptions.DEFAULT)) {
      Comparison comparison =
          Evaluator.compare(parent, child, evaluation, EvaluationOptions.DEFAULT);
      Double agreement = comparison.agreement();
      return agreement == null ? 0 : agreement;
    }
  }

  /** Each channel between a convolution and the next one times a power of two of its own. */
  private static Model rescaled(Model model, long seed) {
    GraphIndex index = new GraphIndex(model.graph());
    Random random = new Random(seed);
    Map<Node, Map<Integer, float[]>> changed = new LinkedHashMap<>();
    for (Node first : model.graph().nodes()) {
      if (!first.is("Conv")) {
        continue;
      }
      Node reader = index.onlyReader(first.outputs().getFirst());
      if (reader != null && reader.is("Relu")) {
        reader = index.onlyReader(reader.outputs().getFirst());
      }
      if (reader == null || !reader.is("Conv")) {
        continue;
      }
      Tensor weights = index.constant(first.input(1));
      int channels = (int) weights.shape().dim(0);
      float[] factors = new float[channels];
      for (int c = 0; c < channels; c++) {
        factors[c] = (float) Math.scalb(1, random.nextInt(-5, 6));
      }
      scale(index, changed, first, 1, (int) (weights.size() / channels), factors, false);
      if (first.input(2) != null) {
        scale(index, changed, first, 2, 1, factors, false);
      }
      Tensor next = index.constant(reader.input(1));
      boolean depthwise = next.shape().dim(1) == 1;
      int kernel = (int) next.shape().size(2, next.shape().rank());
      scale(index, changed, reader, 1, kernel, factors, true);
      assertThat(depthwise ? next.shape().dim(0) : next.shape().dim(1)).isEqualTo(channels);
    }
    Patch patch = new Patch();
    Map<String, String> names = new HashMap<>();
    changed.forEach((node, inputs) ->
        inputs.forEach((input, values) -> {
          String name = node.inputs().get(input);
          assertThat(names.put(name, name)).isNull();
          patch.initializer(name, Tensor.ofFloats(index.constant(name).shape(), values));
        }));
    assertThat(changed).hasSizeGreaterThan(20);
    return patch.apply(model);
  }

  private static void scale(
      GraphIndex index,
      Map<Node, Map<Integer, float[]>> changed,
      Node node,
      int input,
      int perChannel,
      float[] factors,
      boolean divide) {
    float[] values =
        changed
            .computeIfAbsent(node, _ -> new LinkedHashMap<>())
            .computeIfAbsent(input, _ -> index.constant(node.input(input)).toFloats());
    for (int i = 0; i < values.length; i++) {
      float factor = factors[i / perChannel % factors.length];
      values[i] = divide ? values[i] / factor : values[i] * factor;
    }
  }
}
