package io.compresso.technique;

import io.compresso.data.Binding;
import io.compresso.data.Dataset;
import io.compresso.data.Selection;
import io.compresso.engine.SessionOptions;
import io.compresso.evaluate.Accuracy;
import io.compresso.evaluate.Comparison;
import io.compresso.evaluate.EngineRunner;
import io.compresso.evaluate.EvaluationOptions;
import io.compresso.evaluate.Evaluator;
import io.compresso.evaluate.Latency;
import io.compresso.evaluate.LatencyBench;
import io.compresso.evaluate.LatencyOptions;
import io.compresso.evaluate.ModelCost;
import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.evaluate.OperatorBench;
import io.compresso.evaluate.OutputError;
import io.compresso.evaluate.PeerException;
import io.compresso.evaluate.PeerOptions;
import io.compresso.evaluate.Percentiles;
import io.compresso.evaluate.Runner;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** Holds a job's result against its parent: accuracy, agreement and latency, in both runtimes. */
final class Measurement {
  private static final double ENGINE_SECONDS = 60;
  private static final long FEWEST_SAMPLES = 16;

  /** Shares of the time that is left. */
  private static final double COMPARE_SHARE = 0.4;

  private static final double TIME_SHARE = 0.15;

  private final JobData.@Nullable Bound evaluation;
  private final boolean timed;
  private final boolean judged;
  private final TimeLeft left;
  private final List<Report.Accuracy> accuracy = new ArrayList<>();
  private final List<Report.Agreement> agreement = new ArrayList<>();
  private final List<Report.Latency> latency = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private Report.@Nullable Operators operators;
  private Report.Cost cost = new Report.Cost(null, null, null, null);

  /**
   * Nothing measured yet.
   *
   * @param timed whether latency here says something of the job's target
   * @param judged whether a goal is about the loss, which then is measured on all samples
   * @param left of the job's budget, by which all else is cut
   */
  Measurement(JobData.@Nullable Bound evaluation, boolean timed, boolean judged, TimeLeft left) {
    this.evaluation = evaluation;
    this.timed = timed;
    this.judged = judged;
    this.left = left;
  }

  List<Report.Accuracy> accuracy() {
    return accuracy;
  }

  List<Report.Agreement> agreement() {
    return agreement;
  }

  List<Report.Latency> latency() {
    return latency;
  }

  Report.@Nullable Operators operators() {
    return operators;
  }

  Report.Cost cost() {
    return cost;
  }

  List<String> notes() {
    return notes;
  }

  /**
   * Measures in ONNX Runtime, from the models' files.
   *
   * @throws GraphException if it runs the parent and refuses the result
   */
  void inPeer(Path parentFile, Path childFile, JobHost host) {
    PeerOptions options = PeerOptions.DEFAULT;
    Runner parent;
    try {
      parent = OnnxRuntimePeer.open(parentFile, options);
    } catch (PeerException e) {
      notes.add("not measured in ONNX Runtime, which refuses the parent: " + e.getMessage());
      return;
    }
    FiniteInputs checked = new FiniteInputs(parent);
    try (parent;
        Runner child = OnnxRuntimePeer.open(childFile, options)) {
      Double seconds = judged ? null : (Double) left.seconds(COMPARE_SHARE);
      compare(checked, child, seconds, true, host.within(0, 0.7));
      notes.addAll(checked.notes());
      time(parent, child, options.threads(), options.spinning(), host.within(0.7, 1));
    } catch (PeerException e) {
      throw new GraphException("ONNX Runtime does not run the result: " + e.getMessage());
    }
  }

  /** Measures in this project's engine, on as many samples as a minute allows. */
  void inEngine(Model parentModel, Model childModel, JobHost host) {
    SessionOptions options = SessionOptions.DEFAULT;
    try (EngineRunner parent = EngineRunner.open(parentModel, options);
        EngineRunner child = EngineRunner.open(childModel, options)) {
      double seconds = left.seconds(COMPARE_SHARE);
      compare(
          parent,
          child,
          Math.min(ENGINE_SECONDS, seconds),
          seconds < ENGINE_SECONDS,
          host.within(0, 0.7));
      time(parent, child, options.threads(), false, host.within(0.7, 0.9));
      profile(parent, child, options.threads(), host.within(0.9, 1));
    } catch (GraphException e) {
      notes.add("not measured in this engine: " + e.getMessage());
    }
  }

  /** Counts the arithmetic and memory of a run, as far as this engine runs the models. */
  void count(Model parent, Model child) {
    ModelCost before = cost(parent);
    ModelCost after = cost(child);
    cost =
        new Report.Cost(
            before == null ? null : before.macs(),
            after == null ? null : after.macs(),
            before == null ? null : before.peakBytes(),
            after == null ? null : after.peakBytes());
  }

  private @Nullable ModelCost cost(Model model) {
    try {
      List<Binding.ModelInput> inputs = EngineRunner.inputsOf(model.graph());
      if (evaluation == null) {
        return ModelCost.of(model, zeros(inputs));
      }
      Dataset data = evaluation.dataset();
      Binding binding = Binding.of(data.schema(), inputs, evaluation.fields());
      return ModelCost.of(model, binding.batch(data, 0, 1).inputs());
    } catch (GraphException _) {
      return null;
    }
  }

  /**
   * Compares on as many samples as fit into the time.
   *
   * @param seconds null for all samples
   * @param budgeted whether the job's budget allows no more seconds
   */
  private void compare(
      Runner parent, Runner child, @Nullable Double seconds, boolean budgeted, JobHost host) {
    if (evaluation == null) {
      return;
    }
    Dataset data = evaluation.dataset();
    if (seconds != null) {
      data = affordable(parent, child, evaluation, seconds);
      if (budgeted && data.size() < evaluation.dataset().size()) {
        notes.add(
            "budget: models were compared in %s on %d of %d samples, which fit into what was left of"
                    .formatted(name(parent.runtime()), data.size(), evaluation.dataset().size())
                + " budget.maxMinutes");
      }
    }
    EvaluationOptions options =
        EvaluationOptions.DEFAULT
            .withFields(evaluation.fields())
            .withProgress((done, total) -> {
              host.checkpoint();
              host.progress("evaluate", (double) done / Math.max(1, total));
            });
    Comparison comparison = Evaluator.compare(parent, child, data, options);
    String runtime = name(comparison.runtime());
    Accuracy before = comparison.parent();
    Accuracy after = comparison.child();
    if (before != null && after != null) {
      before
          .metrics()
          .forEach((metric, value) -> {
            Double now = after.metrics().get(metric);
            if (now != null) {
              double drop = Accuracy.higherIsBetter(metric) ? value - now : now - value;
              accuracy.add(
                  new Report.Accuracy(runtime, metric, before.samples(), value, now, drop));
            }
          });
    }
    Double top1 = comparison.agreement();
    for (OutputError output : comparison.outputs()) {
      agreement.add(
          new Report.Agreement(
              runtime,
              output.output(),
              comparison.samples(),
              top1,
              output.sqnrDb(),
              output.maxError()));
      top1 = null;
    }
  }

  /** Every n-th sample, so that comparing takes about {@code seconds}. */
  private static Dataset affordable(
      Runner parent, Runner child, JobData.Bound evaluation, double seconds) {
    Dataset data = evaluation.dataset();
    Binding binding = Binding.of(data.schema(), parent.inputs(), evaluation.fields());
    Map<String, Tensor> inputs = binding.batch(data, 0, 1).inputs();
    Map<String, Tensor> own = inputs(child, evaluation);
    parent.run(inputs);
    child.run(own);
    long start = System.nanoTime();
    parent.run(inputs);
    child.run(own);
    double each = (System.nanoTime() - start) / 1e9 / binding.batchSize(1);
    long samples = Math.max(FEWEST_SAMPLES, (long) (seconds / Math.max(each, 1e-9)));
    long step = Math.ceilDiv(data.size(), samples);
    return step <= 1 ? data : data.select(new Selection(0, null, step, false, null, 1, false));
  }

  private void time(Runner parent, Runner child, int threads, boolean spinning, JobHost host) {
    if (!timed) {
      return;
    }
    host.checkpoint();
    host.progress("latency", 0);
    long samples = batch(parent, evaluation);
    Map<String, Tensor> parentInputs = inputs(parent, evaluation);
    Map<String, Tensor> childInputs = inputs(child, evaluation);
    LatencyOptions wanted = LatencyOptions.DEFAULT;
    double fraction = left.fraction(wanted, TIME_SHARE);
    if (fraction < 1) {
      notes.add(TimeLeft.note("latency in " + name(parent.runtime()), wanted, fraction));
    }
    LatencyOptions options = TimeLeft.shortened(wanted, fraction);
    Latency result =
        alone(
            host,
            () ->
                LatencyBench.measure(
                    new LatencyBench.Timed(parent, parentInputs, samples),
                    new LatencyBench.Timed(child, childInputs, samples),
                    threads,
                    spinning,
                    options));
    latency.add(
        new Report.Latency(
            name(result.runtime()),
            result.batch(),
            result.threads(),
            result.pairs(),
            percentiles(result.parent()),
            percentiles(result.child()),
            result.ratio().median(),
            result.ratio().low(),
            result.ratio().high()));
    host.progress("latency", 1);
  }

  private void profile(EngineRunner parent, EngineRunner child, int threads, JobHost host) {
    if (!timed) {
      return;
    }
    host.checkpoint();
    Map<String, Tensor> parentInputs = inputs(parent, evaluation);
    Map<String, Tensor> childInputs = inputs(child, evaluation);
    LatencyOptions wanted = LatencyOptions.SHORT;
    double fraction = left.fraction(wanted, TIME_SHARE);
    if (fraction < 1) {
      notes.add(TimeLeft.note("latency by operator", wanted, fraction));
    }
    LatencyOptions options = TimeLeft.shortened(wanted, fraction);
    operators =
        OperatorGroups.of(
            alone(
                host,
                () -> OperatorBench.measure(parent, parentInputs, child, childInputs, options)),
            batch(parent, evaluation),
            threads);
    host.progress("operators", 1);
  }

  /** What {@code work} gives while no other job of the host computes. */
  static <T> T alone(JobHost host, Callable<T> work) {
    try {
      return host.measuring(work);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("measuring failed", e);
    }
  }

  /** Samples of the inputs that a run is timed on. */
  static long batch(Runner runner, JobData.@Nullable Bound evaluation) {
    return evaluation == null
        ? 1
        : Binding.of(evaluation.dataset().schema(), runner.inputs(), evaluation.fields())
            .batchSize(1);
  }

  /** The first samples of the data as the runner's inputs, else zeros. */
  static Map<String, Tensor> inputs(Runner runner, JobData.@Nullable Bound evaluation) {
    if (evaluation == null) {
      return zeros(runner.inputs());
    }
    Dataset data = evaluation.dataset();
    return Binding.of(data.schema(), runner.inputs(), evaluation.fields())
        .batch(data, 0, 1)
        .inputs();
  }

  /** Inputs of zeros, dimensions that are not known as 1. */
  private static Map<String, Tensor> zeros(List<Binding.ModelInput> all) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (Binding.ModelInput input : all) {
      List<Long> dims = input.dims() == null ? List.of() : input.dims();
      long[] sizes = dims.stream().mapToLong(dim -> Math.max(1, dim)).toArray();
      inputs.put(input.name(), Tensor.allocate(input.dtype(), Shape.of(sizes)));
    }
    return inputs;
  }

  private static Report.Percentiles percentiles(Percentiles p) {
    return new Report.Percentiles(p.p50(), p.p95(), p.p99());
  }

  /** The runtime without its version. */
  private static String name(String runtime) {
    int space = runtime.indexOf(' ');
    return space < 0 ? runtime : runtime.substring(0, space);
  }
}
