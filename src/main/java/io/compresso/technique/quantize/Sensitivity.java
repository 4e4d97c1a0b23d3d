package io.compresso.technique.quantize;

import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.technique.BatchSource;
import io.compresso.technique.JobHost;
import io.compresso.technique.NativeMemory;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How much each layer alone hurts: the signal to quantization noise of the model's outputs when
 * only that layer is quantized, on a few samples of the calibration data.
 */
final class Sensitivity {
  /** Runs of the float model that the outputs are compared on. */
  private static final int MOST_BATCHES = 16;

  private static final int MOST_SAMPLES = 32;

  /** Models that may wait for the garbage collector. */
  private static final int MODELS_KEPT = 8;

  private record Batch(Map<String, Value> inputs, Map<String, Value> outputs) {}

  /** Ends the walk over the calibration data early. */
  private static final class Enough extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Enough() {
      super(null, null, false, false);
    }
  }

  private Sensitivity() {}

  /**
   * The signal to noise ratio in dB of each layer of {@code layers}, by the layer's output;
   * infinite when the outputs do not change.
   *
   * @param deadline in {@link System#nanoTime} terms; layers that are not reached are missing
   */
  static Map<String, Double> measure(
      Model prepared,
      Variants variants,
      List<Node> layers,
      BatchSource calibration,
      ActivationSource.Opener opener,
      JobHost host,
      long deadline) {
    List<Batch> batches = reference(prepared, calibration, opener, host);
    Map<String, Double> ratios = new LinkedHashMap<>();
    Set<String> outputs =
        layers.stream().map(layer -> layer.outputs().getFirst()).collect(Collectors.toSet());
    for (Node layer : layers) {
      if (System.nanoTime() - deadline > 0) {
        break;
      }
      String output = layer.outputs().getFirst();
      Set<String> others = new HashSet<>(outputs);
      others.remove(output);
      Model only = variants.of(ExclusionSearch.keeps(others));
      Double ratio = compare(only, batches, opener, host, deadline);
      if (ratio == null) {
        break;
      }
      ratios.put(output, ratio);
      if (ratios.size() % MODELS_KEPT == 0) {
        NativeMemory.reclaim();
      } else {
        NativeMemory.reclaimIfGrown();
      }
      host.progress("sensitivity", (double) ratios.size() / layers.size());
    }
    return ratios;
  }

  private static List<Batch> reference(
      Model model, BatchSource calibration, ActivationSource.Opener opener, JobHost host) {
    List<Batch> batches = new ArrayList<>();
    int[] samples = new int[1];
    try (ActivationSource source = opener.open(model, outputs(model))) {
      calibration.forEach((inputs, count) -> {
        host.checkpoint();
        Map<String, Value> kept = new HashMap<>();
        inputs.forEach((name, value) ->
            kept.put(name, value instanceof Tensor tensor ? tensor.copy() : value));
        batches.add(new Batch(kept, run(source, kept)));
        samples[0] += count;
        if (batches.size() >= MOST_BATCHES || samples[0] >= MOST_SAMPLES) {
          throw new Enough();
        }
      });
    } catch (Enough e) {
      return batches;
    }
    return batches;
  }

  private static Set<String> outputs(Model model) {
    return model.graph().outputs().stream().map(ValueInfo::name).collect(Collectors.toSet());
  }

  private static Map<String, Value> run(ActivationSource source, Map<String, Value> inputs) {
    Map<String, Value> outputs = new LinkedHashMap<>();
    source.run(
        inputs,
        (name, value) -> outputs.put(name, value instanceof Tensor tensor ? tensor.copy() : value));
    return outputs;
  }

  /** The ratio, null when the deadline overtook it. */
  private static @Nullable Double compare(
      Model model,
      List<Batch> batches,
      ActivationSource.Opener opener,
      JobHost host,
      long deadline) {
    double signal = 0;
    double noise = 0;
    try (ActivationSource source = opener.open(model, outputs(model))) {
      for (Batch batch : batches) {
        host.checkpoint();
        if (System.nanoTime() - deadline > 0) {
          return null;
        }
        Map<String, Value> outputs = run(source, batch.inputs());
        for (Map.Entry<String, Value> expected : batch.outputs().entrySet()) {
          if (expected.getValue() instanceof Tensor x
              && outputs.get(expected.getKey()) instanceof Tensor y
              && x.dtype().isFloat()
              && x.size() == y.size()) {
            for (long i = 0; i < x.size(); i++) {
              double difference = x.getDouble(i) - y.getDouble(i);
              signal += x.getDouble(i) * x.getDouble(i);
              noise += difference * difference;
            }
          }
        }
      }
    }
    return noise == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
  }
}
