package io.compresso.evaluate;

import io.compresso.engine.SessionOptions;
import io.compresso.evaluate.LatencyBench.Pairs;
import io.compresso.graph.Graph;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Times whole models in our engine and in ONNX Runtime, in this process, on the same random inputs,
 * each writing its outputs into memory that is made once.
 *
 * <p>On one thread the two run in turns; on more, blocks of runs alternate, since ONNX Runtime's
 * idle threads spin after a run: a block begins when no thread of the process computes any more.
 */
public final class ModelBench {
  private static final Duration BLOCK = Duration.ofMillis(20);
  private static final int LEAST_PAIRS = 5;
  private static final int MOST_PAIRS = 5000;

  private ModelBench() {}

  /**
   * A model in a precision.
   *
   * @param ours what our engine runs
   * @param peer what ONNX Runtime runs: the same file where it can
   * @param original the float model that both are quantized forms of; null where there is none
   */
  public record Subject(
      String model,
      String dtype,
      Path ours,
      String peerDtype,
      Path peer,
      @Nullable Path original) {}

  /**
   * What one comparison gave.
   *
   * @param batch samples of a run
   * @param ratio median of the paired ratios peer / ours
   * @param agreementDb the least signal-to-noise ratio of an output against ONNX Runtime's, in
   *     decibels; null when they are equal
   * @param noise what quantization alone makes of the outputs; null where the agreement does not
   *     have to be judged by it
   * @param disagreement what is wrong with an output, null when nothing is
   */
  public record Result(
      Subject subject,
      int batch,
      int threads,
      Percentiles ours,
      Percentiles peer,
      Ratio ratio,
      @Nullable Double agreementDb,
      @Nullable QuantizationNoise noise,
      @Nullable String disagreement) {}

  /**
   * Whether the model can be run on batches of that size; 1 stands for the size that it fixes, if
   * it does.
   */
  public static boolean takesBatch(Path model, int batch) {
    return ModelInputs.takesBatch(graph(model), batch);
  }

  /**
   * Compares.
   *
   * @param measure how long is measured, after as long a warm-up of each
   * @throws PeerException if ONNX Runtime refuses the model
   */
  public static Result run(Subject subject, int batch, int threads, Duration measure) {
    Graph graph = graph(subject.ours);
    Map<String, Tensor> ourInputs = ModelInputs.random(graph, batch, 1);
    Map<String, Tensor> peerInputs = ModelInputs.random(graph(subject.peer), batch, 1);
    LatencyOptions options = new LatencyOptions(measure, measure, LEAST_PAIRS, MOST_PAIRS);
    try (Runner ours = openOurs(subject.ours, threads);
        Runner peer = openPeer(subject.peer, threads);
        PreparedRun own = ours.prepareInPlace(ourInputs);
        PreparedRun other = peer.prepareInPlace(peerInputs)) {
      Map<String, Value> expected = peer.run(peerInputs);
      Map<String, Value> actual = ours.run(ourInputs);
      Agreement agreement = Agreement.of(subject.dtype, expected, actual);
      QuantizationNoise noise =
          agreement.isOnlyNoisy() && subject.original != null
              ? noise(subject.peer, subject.original, peerInputs, expected, actual)
              : null;
      Pairs pairs =
          threads > 1
              ? LatencyBench.timeInBlocks(own::run, other::run, options, BLOCK, Idle::await)
              : LatencyBench.time(own::run, other::run, options);
      Percentiles ourTimes = Percentiles.ofNanos(pairs.first());
      Percentiles peerTimes = Percentiles.ofNanos(pairs.second());
      return new Result(
          subject,
          ModelInputs.batchOf(graph, batch),
          threads,
          ourTimes,
          peerTimes,
          Ratio.of(pairs.second(), pairs.first()),
          agreement.decibels(),
          noise,
          noise != null && noise.explains(agreement) ? null : agreement.difference());
    }
  }

  private static QuantizationNoise noise(
      Path quantized,
      Path original,
      Map<String, Tensor> inputs,
      Map<String, Value> peer,
      Map<String, Value> ours) {
    PeerOptions asWritten = new PeerOptions(1, false, false);
    try (Runner plain = OnnxRuntimePeer.open(quantized, asWritten);
        Runner floats = OnnxRuntimePeer.open(original, PeerOptions.threads(1))) {
      Map<String, Value> exact = floats.run(inputs);
      return new QuantizationNoise(
          Agreement.decibels(peer, plain.run(inputs)),
          Agreement.decibels(exact, ours),
          Agreement.decibels(exact, peer));
    }
  }

  /** Opens a model in our engine. */
  public static Runner openOurs(Path model, int threads) {
    try {
      return EngineRunner.open(OnnxCodec.read(model), SessionOptions.DEFAULT.withThreads(threads));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Opens a model in ONNX Runtime as it is by default: several threads spin. */
  public static Runner openPeer(Path model, int threads) {
    return OnnxRuntimePeer.open(model, new PeerOptions(threads, threads > 1, true));
  }

  private static Graph graph(Path model) {
    try {
      return OnnxCodec.read(model).graph();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
