package io.compresso.technique;

import io.compresso.data.Binding;
import io.compresso.data.DataException;
import io.compresso.data.DatasetSchema;
import io.compresso.data.LabelKind;
import io.compresso.evaluate.EngineRunner;
import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.evaluate.Target;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.onnx.OnnxCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Runs jobs: each step's technique in turn, then the comparison of the result with its parent.
 *
 * <pre>{@code
 * JobSpec spec = JobSpec.bind(Map.of("model", "local", "preset", "balanced"));
 * JobData data = new JobData(null, new JobData.Bound(calibration), new JobData.Bound(evaluation));
 * DryRun dry = Pipeline.validate(spec, OnnxCodec.read(file), data);
 * Pipeline.Result result = Pipeline.run(file, data, spec, workFolder, JobHost.LOCAL);
 * }</pre>
 */
public final class Pipeline {
  /** The name of the result's file in the work folder. */
  public static final String RESULT_FILE = "model.onnx";

  private static final double STEPS_FROM = 0.02;
  private static final double STEPS_TO = 0.5;
  private static final double PEER_TO = 0.75;

  private Pipeline() {}

  /**
   * What a job made.
   *
   * @param model the compressed model's file, in the job's work folder
   */
  public record Result(Path model, Report report) {}

  /**
   * Checks everything that can be checked without running: the data against the model's inputs, the
   * goals against the data, and each technique's parameters against the model.
   */
  public static DryRun validate(JobSpec spec, Model model, JobData data) {
    List<Problem> problems = new ArrayList<>();
    bind(model, data.train(), "data.train", problems);
    Binding calibration = bind(model, data.calibration(), "data.calibration", problems);
    bind(model, data.evaluation(), "data.eval", problems);
    checkGoals(spec, data, problems);
    checkLabels(model, data, problems);
    StepContext context =
        context(
            spec,
            data.calibration() == null || calibration == null
                ? null
                : new BoundData(data.calibration().dataset(), calibration, 1),
            null,
            Path.of(""),
            JobHost.LOCAL);
    long bytes = 0;
    long runs = data.evaluation() == null ? 0 : 4 * data.evaluation().dataset().size();
    for (int i = 0; i < spec.pipeline().size(); i++) {
      JobSpec.Step step = spec.pipeline().get(i);
      String path = "pipeline[" + i + "]." + step.technique();
      if (data.calibration() == null || calibration != null) {
        for (Problem problem : check(step, model, context)) {
          String field = problem.path().isEmpty() ? path : path + "." + problem.path();
          problems.add(new Problem(field, problem.node(), problem.message()));
        }
      }
      Technique.Estimate estimate = estimate(step, model, context);
      bytes += estimate.byteChange();
      runs += estimate.sampleRuns();
    }
    checkRepetition(spec, problems);
    List<String> warnings = new ArrayList<>();
    warnShort(spec.data().train(), data.train(), "data.train", warnings);
    warnShort(spec.data().calibration(), data.calibration(), "data.calibration", warnings);
    warnShort(spec.data().eval(), data.evaluation(), "data.eval", warnings);
    if (!Target.host().covers(spec.target())) {
      warnings.add(
          "latency will not be measured: the target '%s' is not this host"
              .formatted(spec.target()));
    }
    if (data.evaluation() == null) {
      warnings.add("there is no data.eval: accuracy and agreement will not be measured");
    }
    return new DryRun(
        problems,
        warnings,
        Math.max(0, constantBytes(model) + bytes),
        Estimates.minutes(model, runs));
  }

  /** A step finds nothing to do where one before has done the same: it is refused. */
  private static void checkRepetition(JobSpec spec, List<Problem> problems) {
    List<JobSpec.Step> steps = spec.pipeline();
    for (int i = 0; i < steps.size(); i++) {
      for (int before = 0; before < i; before++) {
        if (steps.get(i).technique().equals(steps.get(before).technique())
            && technique(steps.get(i))
                .repeats(steps.get(before).parameters(), steps.get(i).parameters())) {
          problems.add(
              Problem.at(
                  "pipeline[" + i + "]." + steps.get(i).technique(),
                  "compresses what pipeline[%d] has compressed already".formatted(before)));
          break;
        }
      }
    }
  }

  /** Warns of a selection that asks for more samples than there are. */
  private static void warnShort(
      JobSpec.@Nullable DataRef ref,
      JobData.@Nullable Bound bound,
      String field,
      List<String> warnings) {
    JobSpec.Select select = ref == null ? null : ref.select();
    Long to = select == null ? null : select.to();
    if (select == null || to == null || bound == null || select.perClass() || select.rest()) {
      return;
    }
    long wanted = (long) (Math.ceilDiv(to - select.from(), select.step()) * select.fraction());
    if (bound.dataset().size() < wanted) {
      warnings.add(
          "%s.select ends at %d, beyond the end of the data set: %d samples are taken, not %d"
              .formatted(field, to, bound.dataset().size(), wanted));
    }
  }

  private static long constantBytes(Model model) {
    return model.graph().initializers().values().stream()
        .mapToLong(tensor -> tensor.byteSize())
        .sum();
  }

  private static void checkGoals(JobSpec spec, JobData data, List<Problem> problems) {
    JobSpec.AccuracyGoal goal = spec.goals().accuracy();
    if (goal == null) {
      return;
    }
    JobData.Bound evaluation = data.evaluation();
    if (evaluation == null) {
      problems.add(Problem.at("goals.accuracy", "needs data.eval to be measured"));
    } else if (!goal.metric().equals("agreement")
        && evaluation.dataset().schema().label() == null) {
      problems.add(
          Problem.at(
              "goals.accuracy.metric",
              "needs labels, which data.eval does not have; agreement needs none"));
    } else if (evaluation.dataset().schema().label() != null
        && !LabelCheck.gives(evaluation.dataset().schema().label().kind(), goal.metric())) {
      problems.add(
          Problem.at(
              "goals.accuracy.metric",
              "'%s' cannot be told from labels of kind %s, which data.eval has"
                  .formatted(
                      goal.metric(),
                      evaluation
                          .dataset()
                          .schema()
                          .label()
                          .kind()
                          .name()
                          .toLowerCase(Locale.ROOT))));
    }
  }

  private static void checkLabels(Model model, JobData data, List<Problem> problems) {
    JobData.Bound evaluation = data.evaluation();
    DatasetSchema.LabelSchema label =
        evaluation == null ? null : evaluation.dataset().schema().label();
    if (label != null && !LabelCheck.fits(model, label)) {
      problems.add(
          Problem.at(
              "data.eval",
              "label '%s' has %d %s, which no output of the model can mean: %s"
                  .formatted(
                      label.name(),
                      label.size(),
                      label.kind() == LabelKind.REGRESSION ? "targets" : "classes",
                      model.graph().outputs().stream()
                          .map(output -> output.name() + " " + output.type())
                          .toList())));
    }
  }

  private static StepContext context(
      JobSpec spec,
      @Nullable BatchSource calibration,
      @Nullable Objective objective,
      Path work,
      JobHost host) {
    return new StepContext(
        calibration, objective, spec.target(), spec.budget(), spec.seed(), work, host);
  }

  /**
   * Runs a job.
   *
   * @param modelFile the parent, an ONNX file
   * @param work an existing folder for the result and for scratch files
   * @throws JobException if {@link #validate} finds a problem
   * @throws GraphException if the model cannot be compressed as the job asks
   * @throws JobStoppedException if the host stopped the job
   */
  public static Result run(Path modelFile, JobData data, JobSpec spec, Path work, JobHost host) {
    try {
      return new Run(modelFile, data, spec, work, host).run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One run of a job. */
  private static final class Run {
    private final Path modelFile;
    private final JobData data;
    private final JobSpec spec;
    private final Path work;
    private final JobHost host;
    private final List<Report.Stage> stages = new ArrayList<>();
    private final List<Report.Layer> layers = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private final GoalObjective.Trials trials;
    private final TimeLeft left;
    private long floatBytes;
    private long compressedBytes;

    Run(Path modelFile, JobData data, JobSpec spec, Path work, JobHost host) {
      this.modelFile = modelFile;
      this.data = data;
      this.spec = spec;
      this.work = work;
      this.host = host;
      this.left = TimeLeft.of(spec.budget());
      this.trials =
          new GoalObjective.Trials(new ArrayList<>(), Target.host().covers(spec.target()));
    }

    Result run() throws IOException {
      long start = System.nanoTime();
      Model parent = OnnxCodec.read(modelFile);
      DryRun dry = validate(spec, parent, data);
      if (!dry.problems().isEmpty()) {
        throw new JobException(dry.problems());
      }
      notes.addAll(dry.warnings());
      stage("load", start);
      Model child = steps(parent);
      Path file = work.resolve(RESULT_FILE);
      OnnxCodec.write(child, file);
      NativeMemory.reclaim();
      start = System.nanoTime();
      Measurement measurement =
          new Measurement(
              data.evaluation(),
              Target.host().covers(spec.target()),
              spec.goals().accuracy() != null,
              left);
      measurement.inPeer(modelFile, file, host.within(STEPS_TO, PEER_TO));
      stage("measure in onnxruntime", start);
      start = System.nanoTime();
      measurement.inEngine(parent, child, host.within(PEER_TO, 1));
      measurement.count(parent, child);
      stage("measure in compresso", start);
      notes.addAll(measurement.notes());
      host.progress("report", 1);
      return new Result(file, report(parent, child, file, measurement));
    }

    private Model steps(Model parent) {
      Model model = parent;
      int count = spec.pipeline().size();
      for (int i = 0; i < count; i++) {
        JobSpec.Step step = spec.pipeline().get(i);
        long start = System.nanoTime();
        double width = (STEPS_TO - STEPS_FROM) / count;
        JobHost part = host.within(STEPS_FROM + i * width, STEPS_FROM + (i + 1) * width);
        host.log("step " + (i + 1) + " of " + count + ": " + step.technique());
        Technique.Outcome outcome =
            apply(step, model, context(spec, calibration(model), objective(part), work, part));
        model = outcome.model();
        layers.addAll(outcome.layers());
        notes.addAll(outcome.notes());
        floatBytes += outcome.floatBytes();
        compressedBytes += outcome.compressedBytes();
        stage(step.technique(), start);
      }
      return model;
    }

    private @Nullable Objective objective(JobHost part) {
      JobSpec.AccuracyGoal goal = spec.goals().accuracy();
      JobData.Bound evaluation = data.evaluation();
      return evaluation == null
          ? null
          : new GoalObjective(goal, modelFile, evaluation, work, part, trials);
    }

    private @Nullable BatchSource calibration(Model model) {
      JobData.Bound bound = data.calibration();
      if (bound == null) {
        return null;
      }
      Binding binding =
          Binding.of(
              bound.dataset().schema(), EngineRunner.inputsOf(model.graph()), bound.fields());
      return new BoundData(bound.dataset(), binding, 1);
    }

    private void stage(String name, long start) {
      double seconds = (System.nanoTime() - start) / 1e9;
      stages.add(new Report.Stage(name, seconds));
      host.log("%s took %.1f s".formatted(name, seconds));
    }

    private Report report(Model parent, Model child, Path file, Measurement measurement)
        throws IOException {
      long before = Files.size(modelFile);
      long after = Files.size(file);
      Report.Size size =
          new Report.Size(
              before,
              after,
              (double) after / before,
              floatBytes,
              compressedBytes,
              floatBytes == 0 ? 1 : (double) compressedBytes / floatBytes);
      List<Report.Variant> variants =
          TriedVariants.of(spec.goals().accuracy(), size, measurement, trials.variants());
      Judgement judgement = new Judgement(spec, size, measurement);
      return new Report(
          spec.name(),
          spec.pipeline().stream().map(JobSpec.Step::toMap).toList(),
          size,
          measurement.accuracy(),
          measurement.agreement(),
          layers,
          measurement.latency(),
          measurement.operators(),
          variants,
          Forecast.of(parent, spec, facts(), size, measurement),
          measurement.cost(),
          Estimates.cpu(),
          judgement.verdict(child.graph(), layers, variants),
          judgement.gate(),
          judgement.goals(),
          stages,
          notes,
          spec.seed(),
          versions());
    }

    private Advisor.Facts facts() {
      JobData.Bound evaluation = data.evaluation();
      return new Advisor.Facts(
          data.calibration() != null,
          evaluation != null && evaluation.dataset().schema().label() != null);
    }
  }

  private static Map<String, String> versions() {
    Map<String, String> versions = new LinkedHashMap<>();
    String own = Pipeline.class.getPackage().getImplementationVersion();
    versions.put("compresso", Objects.requireNonNullElse(own, "development"));
    versions.put("onnxruntime", OnnxRuntimePeer.version());
    versions.put("java", System.getProperty("java.version", ""));
    return versions;
  }

  private static List<Problem> check(JobSpec.Step step, Model model, StepContext context) {
    return checkWith(technique(step), step.parameters(), model, context);
  }

  private static Technique.Estimate estimate(JobSpec.Step step, Model model, StepContext context) {
    return estimateWith(technique(step), step.parameters(), model, context);
  }

  private static Technique.Outcome apply(JobSpec.Step step, Model model, StepContext context) {
    return applyWith(technique(step), step.parameters(), model, context);
  }

  private static Technique<?> technique(JobSpec.Step step) {
    return TechniqueCatalog.find(step.technique())
        .orElseThrow(() -> new IllegalArgumentException("no technique '" + step.technique() + "'"));
  }

  private static <P extends Record> List<Problem> checkWith(
      Technique<P> technique, Record parameters, Model model, StepContext context) {
    return technique.check(model, technique.parameters().cast(parameters), context);
  }

  private static <P extends Record> Technique.Estimate estimateWith(
      Technique<P> technique, Record parameters, Model model, StepContext context) {
    return technique.estimate(model, technique.parameters().cast(parameters), context);
  }

  private static <P extends Record> Technique.Outcome applyWith(
      Technique<P> technique, Record parameters, Model model, StepContext context) {
    return technique.apply(model, technique.parameters().cast(parameters), context);
  }

  private static @Nullable Binding bind(
      Model model, JobData.@Nullable Bound bound, String path, List<Problem> problems) {
    if (bound == null) {
      return null;
    }
    try {
      return Binding.of(
          bound.dataset().schema(), EngineRunner.inputsOf(model.graph()), bound.fields());
    } catch (DataException | GraphException e) {
      problems.add(Problem.at(path, String.valueOf(e.getMessage())));
      return null;
    }
  }
}
