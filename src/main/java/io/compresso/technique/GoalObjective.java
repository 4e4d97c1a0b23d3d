package io.compresso.technique;

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

/** Measures the goal for accuracy in ONNX Runtime. */
record GoalObjective(
    JobSpec.AccuracyGoal goal, Path parentFile, JobData.Bound evaluation, Path work, JobHost host)
    implements Objective {
  @Override
  public double maxDrop() {
    return goal.maxDrop();
  }

  @Override
  public double drop(Model candidate) {
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
                  evaluation.dataset(),
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
    String metric = goal.metric();
    if (metric.equals("agreement")) {
      Double agreement = comparison.agreement();
      if (agreement == null) {
        throw new GraphException("the outputs have no largest element to agree on");
      }
      return 1 - agreement;
    }
    Accuracy parent = comparison.parent();
    Accuracy child = comparison.child();
    Double before = parent == null ? null : parent.metrics().get(metric);
    Double after = child == null ? null : child.metrics().get(metric);
    if (before == null || after == null) {
      throw new GraphException("the metric " + metric + " cannot be told from this data");
    }
    return Accuracy.higherIsBetter(metric) ? before - after : after - before;
  }
}
