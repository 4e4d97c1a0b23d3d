package io.compresso.technique;

import io.compresso.data.Dataset;
import io.compresso.data.Selection;
import io.compresso.evaluate.Accuracy;
import io.compresso.evaluate.Comparison;
import io.compresso.evaluate.EvaluationOptions;
import io.compresso.evaluate.Evaluator;
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
import org.jspecify.annotations.Nullable;

/**
 * Measures the goal for accuracy in ONNX Runtime.
 *
 * @param goal null when the job has none: then top-1, or agreement without labels of classes
 */
record GoalObjective(
    JobSpec.@Nullable AccuracyGoal goal,
    Path parentFile,
    JobData.Bound evaluation,
    Path work,
    JobHost host)
    implements Objective {
  /** Samples that many candidates are compared on. */
  private static final long QUICK_SAMPLES = 200;

  @Override
  public boolean isGoal() {
    return goal != null;
  }

  @Override
  public double maxDrop() {
    return goal == null ? Double.POSITIVE_INFINITY : goal.maxDrop();
  }

  @Override
  public double drop(Model candidate) {
    return drop(candidate, evaluation.dataset());
  }

  @Override
  public double quickDrop(Model candidate) {
    Dataset data = evaluation.dataset();
    long step = Math.ceilDiv(data.size(), QUICK_SAMPLES);
    return drop(
        candidate,
        step <= 1 ? data : data.select(new Selection(0, null, step, false, null, 1, false)));
  }

  private double drop(Model candidate, Dataset data) {
    try {
      Path file = Files.createTempFile(work, "candidate", ".onnx");
      try {
        OnnxCodec.write(candidate, file);
        try (Runner parent = OnnxRuntimePeer.open(parentFile, PeerOptions.DEFAULT);
            Runner child = OnnxRuntimePeer.open(file, PeerOptions.DEFAULT)) {
          return drop(
              Evaluator.compare(
                  parent,
                  child,
                  data,
                  EvaluationOptions.DEFAULT
                      .withFields(evaluation.fields())
                      .withProgress((_, _) -> host.checkpoint())));
        }
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private double drop(Comparison comparison) {
    Accuracy parent = comparison.parent();
    Accuracy child = comparison.child();
    boolean labelled = parent != null && parent.metrics().containsKey("top1");
    String metric = goal != null ? goal.metric() : labelled ? "top1" : "agreement";
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
