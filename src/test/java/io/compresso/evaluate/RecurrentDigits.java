package io.compresso.evaluate;

import io.compresso.data.Dataset;
import io.compresso.data.Label;
import io.compresso.data.Sample;
import io.compresso.data.Selection;
import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.technique.JobData;
import io.compresso.technique.JobHost;
import io.compresso.technique.JobSpec;
import io.compresso.technique.Pipeline;
import io.compresso.technique.Report;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Recurrent networks that tell recordings apart: a random recurrent layer, whose states' mean and
 * last one are classified by ridge regression (an echo state network; H. Jaeger, GMD report 148,
 * 2001).
 */
final class RecurrentDigits {
  static final int HIDDEN = 192;
  private static final int CLASSES = 10;
  private static final double PENALTY = 1e-2;

  private RecurrentDigits() {}

  /**
   * {@code [frames, mels]} for each sample to ten scores, trained on {@code train}, and the states
   * of the recurrent layer.
   */
  static Model train(String operator, Dataset train) {
    Shape sample = train.schema().fields().getFirst().shape();
    RidgeRegression regression = new RidgeRegression(2 * HIDDEN, CLASSES);
    Graphs features = features(operator, sample).output("features");
    try (Session session = Session.create(features.model(), SessionOptions.DEFAULT)) {
      for (long i = 0; i < train.size(); i++) {
        Sample one = train.get(i);
        Tensor frames = one.fields().values().iterator().next();
        Tensor input =
            Tensor.ofFloats(Shape.of(1, sample.dim(0), sample.dim(1)), frames.toFloats());
        Tensor row = (Tensor) session.run(Map.of("audio", input)).get("features");
        double[] target = new double[CLASSES];
        if (one.label() instanceof Label.ClassIndex(int index)) {
          target[index] = 1;
        }
        double[] values = new double[2 * HIDDEN];
        for (int f = 0; f < values.length; f++) {
          values[f] = row.getDouble(f);
        }
        regression.add(values, target);
      }
    }
    RidgeRegression.Solution solution = regression.solve(PENALTY);
    return features(operator, sample)
        .constant("c", Tensor.ofFloats(Shape.of(2 * HIDDEN, CLASSES), solution.weights()))
        .constant("d", Tensor.ofFloats(Shape.of(CLASSES), solution.intercepts()))
        .node("scores = Gemm features c d")
        .output("scores", "states")
        .model();
  }

  private static Graphs features(String operator, Shape sample) {
    int gates = operator.equals("LSTM") ? 4 : operator.equals("GRU") ? 3 : 1;
    long mels = sample.dim(1);
    double size = operator.equals("RNN") ? 0.7 : 1;
    Graphs graph =
        Graphs.opset(17)
            .input("audio", ValueType.tensor(DType.FLOAT, Shape.of(1, sample.dim(0), mels)))
            .constant("w", gaussian(1, size / Math.sqrt(mels), 1, gates * HIDDEN, mels))
            .constant("r", gaussian(2, size / Math.sqrt(HIDDEN), 1, gates * HIDDEN, HIDDEN))
            .constant("b", gaussian(3, 0.1, 1, 2 * gates * HIDDEN))
            .constant("one", Tensor.ofLongs(Shape.of(1), 1))
            .constant("zero", Tensor.ofLongs(Shape.of(1), 0))
            .node("x = Transpose audio", "perm", new long[] {1, 0, 2});
    if (operator.equals("GRU")) {
      graph.node("y h = GRU x w r b", "hidden_size", HIDDEN, "linear_before_reset", 1);
    } else {
      graph.node("y h = " + operator + " x w r b", "hidden_size", HIDDEN);
    }
    return graph
        .node("states = Squeeze y one")
        .node("mean = ReduceMean states", "axes", new long[] {0}, "keepdims", 0)
        .node("last = Squeeze h zero")
        .node("features = Concat mean last", "axis", 1);
  }

  private static Tensor gaussian(long seed, double deviation, long... dims) {
    Random random = new Random(seed);
    Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, (float) (deviation * random.nextGaussian()));
    }
    return tensor;
  }

  /** Every second sample, from the first or the second on. */
  static Dataset half(Dataset all, int from) {
    return all.select(new Selection(from, null, 2, false, null, 1, false));
  }

  /** The report of dynamic quantization of a network trained on half of the data. */
  static Report quantize(String operator, boolean perChannel, Dataset all, Path work)
      throws IOException {
    Path file = work.resolve(operator + ".onnx");
    OnnxCodec.write(train(operator, half(all, 0)), file);
    Map<String, Object> quantize =
        Map.of("mode", "dynamic", "weights", Map.of("perChannel", perChannel));
    JobData data = new JobData(null, null, new JobData.Bound(half(all, 1)));
    // Of another target than this host's, latency is not measured, which saves its time.
    JobSpec job =
        JobSpec.bind(
            Map.of(
                "model", "local",
                "target", "arm64-dotprod",
                "pipeline", List.of(Map.of("quantize", quantize))));
    return Pipeline.run(file, data, job, work, JobHost.LOCAL).report();
  }
}
