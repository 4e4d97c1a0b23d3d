package io.compresso.technique;

import io.compresso.data.Dataset;
import io.compresso.data.Selection;
import io.compresso.evaluate.Accuracy;
import io.compresso.evaluate.Comparison;
import io.compresso.evaluate.EvaluationOptions;
import io.compresso.evaluate.Evaluator;
import io.compresso.evaluate.Latency;
import io.compresso.evaluate.LatencyBench;
import io.compresso.evaluate.LatencyOptions;
import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.evaluate.PeerOptions;
import io.compresso.evaluate.Runner;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.onnx.OnnxCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Measures the goal for accuracy in ONNX Runtime.
 *
 * @param goal null when the job has none: then top-1, or agreement without labels of classes
 * @param trials receives the variants that a search tries
 */
record GoalObjective(
    JobSpec.@Nullable AccuracyGoal goal,
    Path parentFile,
    JobData.Bound evaluation,
    Path work,
    JobHost host,
    Trials trials)
    implements Objective {
  /** Samples that many candidates are compared on. */
  private static final long QUICK_SAMPLES = 200;

  /** No deadline. */
  private static final long FOREVER = Long.MAX_VALUE;

  @Override
  public boolean isGoal() {
    return goal != null;
  }

  @Override
  public double maxDrop() {
    return goal == null ? Double.POSITIVE_INFINITY : goal.maxDrop();
  }

  /**
   * What was tried.
   *
   * @param timed whether latency here says something of the job's target
   */
  record Trials(List<Report.Variant> variants, boolean timed) {}

  @Override
  public double drop(Model candidate) {
    return drop(candidate, evaluation.dataset(), null, FOREVER);
  }

  @Override
  public double drop(Model candidate, String name) {
    return drop(candidate, name, FOREVER);
  }

  @Override
  public double drop(Model candidate, String name, long deadline) {
    return drop(candidate, evaluation.dataset(), name, deadline);
  }

  @Override
  public double quickDrop(Model candidate) {
    return quickDrop(candidate, FOREVER);
  }

  @Override
  public double quickDrop(Model candidate, long deadline) {
    Dataset data = evaluation.dataset();
    long step = Math.ceilDiv(data.size(), QUICK_SAMPLES);
    return drop(
        candidate,
        step <= 1 ? data : data.select(new Selection(0, null, step, false, null, 1, false)),
        null,
        deadline);
  }

  private void checkpoint(long deadline) {
    host.checkpoint();
    if (deadline != FOREVER && System.nanoTime() - deadline > 0) {
      throw new OutOfTimeException();
    }
  }

  /** The loss; a candidate with a name is timed and kept among the trials. */
  private double drop(Model candidate, Dataset data, @Nullable String name, long deadline) {
    try {
      Path file = Files.createTempFile(work, "candidate", ".onnx");
      try {
        OnnxCodec.write(candidate, file);
        try (Runner parent = OnnxRuntimePeer.open(parentFile, PeerOptions.DEFAULT);
            Runner child = OnnxRuntimePeer.open(file, PeerOptions.DEFAULT)) {
          Comparison comparison =
              Evaluator.compare(
                  parent,
                  child,
                  data,
                  EvaluationOptions.DEFAULT
                      .withFields(evaluation.fields())
                      .withProgress((_, _) -> checkpoint(deadline)));
          double drop = drop(comparison);
          if (name != null) {
            trials.variants.add(
                trial(name, drop, comparison, Files.size(file), time(parent, child)));
          }
          return drop;
        }
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Report.Variant trial(
      String name, double drop, Comparison comparison, long bytes, @Nullable Latency latency) {
    return new Report.Variant(
        name,
        "tried",
        metric(comparison),
        drop,
        comparison.outputs().isEmpty() ? null : comparison.outputs().getFirst().sqnrDb(),
        bytes,
        latency == null ? null : latency.ratio().median(),
        latency == null ? 0 : latency.pairs());
  }

  private @Nullable Latency time(Runner parent, Runner child) {
    if (!trials.timed) {
      return null;
    }
    long samples = Measurement.batch(parent, evaluation);
    PeerOptions options = PeerOptions.DEFAULT;
    return Measurement.alone(
        host,
        () ->
            LatencyBench.measure(
                new LatencyBench.Timed(parent, Measurement.inputs(parent, evaluation), samples),
                new LatencyBench.Timed(child, Measurement.inputs(child, evaluation), samples),
                options.threads(),
                options.spinning(),
                LatencyOptions.SHORT));
  }

  private String metric(Comparison comparison) {
    Accuracy parent = comparison.parent();
    boolean labelled = parent != null && parent.metrics().containsKey("top1");
    return goal != null ? goal.metric() : labelled ? "top1" : "agreement";
  }

  private double drop(Comparison comparison) {
    Accuracy parent = comparison.parent();
    Accuracy child = comparison.child();
    String metric = metric(comparison);
    if (metric.equals("agreement")) {
      Double agreement = comparison.agreement();
      if (agreement == null) {
        throw new GraphException("the outputs have no largest element to agree on");
      }
      return 1 - agreement;
    }
    Double before = parent == null ? null : parent.metrics().get(metric);
    Double after = child == null ? null : child.metrics().get(metric);
    if (before == null || after == null) {
      throw new GraphException("the metric " + metric + " cannot be told from this data");
    }
    return Accuracy.higherIsBetter(metric) ? before - after : after - before;
  }
}
