package io.compresso.cli;

import io.compresso.data.Dataset;
import io.compresso.evaluate.RandomSamples;
import io.compresso.technique.JobData;
import io.compresso.technique.JobHost;
import io.compresso.technique.JobSpec;
import io.compresso.technique.JobStoppedException;
import io.compresso.technique.Pipeline;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Quantizes a model without a server. */
@Command(
    name = "quantize",
    mixinStandardHelpOptions = true,
    description = {
      "Quantizes a model without a server, and measures what it cost.",
      "For example: compresso quantize model.onnx -o int8.onnx --calibration images.tar"
          + " --select '{to: 200}'"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:The model is written; the goals are met, or there are none.",
      "1:It failed.",
      "2:The arguments are wrong.",
      "3:The model is written, and misses a goal (gate: failed)."
    })
final class QuantizeCommand implements Callable<Integer> {
  /** The exit code of a model that misses its goals. */
  static final int GATE_FAILED = 3;

  private static final double NANOS_PER_MINUTE = 60e9;

  @Spec
  private @SuppressWarnings("NullAway.Init") CommandSpec spec;

  @Parameters(paramLabel = "MODEL", description = "The ONNX file.")
  private @SuppressWarnings("NullAway.Init") Path model;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE",
      description = "Receives the quantized model.")
  private @SuppressWarnings("NullAway.Init") Path output;

  @Option(
      names = "--calibration",
      paramLabel = "DATA",
      description = "Data on which ranges of activations are observed (static quantization).")
  private @Nullable Path calibration;

  @Option(
      names = "--random-calibration",
      paramLabel = "N",
      description =
          "Calibrates on this many random samples instead, to try out time and memory; the model"
              + " is of no use then.")
  private @Nullable Long randomCalibration;

  @Option(
      names = "--eval",
      paramLabel = "DATA",
      description = "Data on which accuracy is measured; without it accuracy is not measured.")
  private @Nullable Path evaluation;

  @Option(
      names = "--select",
      paramLabel = "YAML",
      description = "Which calibration samples, for example '{from: 0, to: 200}'.")
  private String select = "";

  @Option(names = "--eval-select", paramLabel = "YAML", description = "Which evaluation samples.")
  private String evalSelect = "";

  @Option(
      names = "--data-spec",
      paramLabel = "YAML",
      description = "How the data is read, for example '{image: {scale: 1}}'; @FILE reads a file.")
  private String dataSpec = "";

  @Option(
      names = "--params",
      paramLabel = "YAML",
      description =
          "Parameters of the technique, for example '{weights: {perChannel: false}}'; see"
              + " compresso techniques. Without --calibration the mode is dynamic.")
  private String parameters = "";

  @Option(
      names = "--goals",
      paramLabel = "YAML",
      description =
          "What the result must reach, as in a job, for example '{accuracy: {metric: top1, maxDrop:"
              + " 0.01}, latency: {minSpeedup: 1.5}, size: {maxRatio: 0.3}}'; @FILE reads a file."
              + " With exclude: auto in --params, layers that hurt are left out to reach them.")
  private String goals = "";

  @Option(
      names = "--budget",
      paramLabel = "YAML",
      description = "What a search may spend, for example '{maxTrials: 20, maxMinutes: 10}'.")
  private String budget = "";

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description =
          "Receives the report, by the name's extension: .html (one page with charts), .md or .json.")
  private @Nullable Path report;

  @Option(names = "--json", description = "Writes the report to this file; - is standard output.")
  private @Nullable Path json;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    if (calibration != null && randomCalibration != null) {
      throw new ParameterException(
          spec.commandLine(), "--calibration and --random-calibration exclude each other");
    }
    ReportFile.Form form = report == null ? null : form(report);
    boolean calibrated = calibration != null || randomCalibration != null;
    Map<String, Object> technique = new LinkedHashMap<>(DataOptions.map("--params", parameters));
    technique.putIfAbsent("mode", calibrated ? "static" : "dynamic");
    JobSpec job = job(technique);
    try (TemporaryFolder work = TemporaryFolder.create("compresso-quantize");
        Dataset observed = observed();
        Dataset labelled = open(evaluation, evalSelect)) {
      JobData data = new JobData(null, bound(observed), bound(labelled));
      Pipeline.Result result =
          Pipeline.run(model, data, job, work.path(), new Progress(out, deadline(job)));
      Files.move(result.model(), output, StandardCopyOption.REPLACE_EXISTING);
      Output.json(json, result.report().toMap(), out);
      if (report != null && form != null) {
        ReportFile.write(result.report(), report, form);
      }
      out.println();
      out.print(ReportTable.of(JsonMapper.shared().valueToTree(result.report().toMap())));
      out.flush();
      return result.report().gate().equals("failed") ? GATE_FAILED : 0;
    }
  }

  private ReportFile.Form form(Path file) {
    try {
      return ReportFile.form(file);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--report " + e.getMessage(), e);
    }
  }

  private JobSpec job(Map<String, Object> technique) throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", String.valueOf(model.getFileName()));
    fields.put("model", "local");
    fields.put("pipeline", List.of(Map.of("quantize", technique)));
    if (!goals.isBlank()) {
      fields.put("goals", DataOptions.map("--goals", goals));
    }
    if (!budget.isBlank()) {
      fields.put("budget", DataOptions.map("--budget", budget));
    }
    return JobSpec.bind(fields);
  }

  /**
   * When the job must end, in {@link System#nanoTime} terms; only a budget that is given ends it.
   */
  private long deadline(JobSpec job) {
    return budget.isBlank()
        ? Long.MAX_VALUE
        : System.nanoTime() + (long) (job.budget().maxMinutes() * NANOS_PER_MINUTE);
  }

  private @Nullable Dataset observed() throws IOException {
    return randomCalibration == null
        ? open(calibration, select)
        : new RandomSamples(ModelFile.read(model).graph(), randomCalibration);
  }

  private @Nullable Dataset open(@Nullable Path file, String selection) throws IOException {
    return file == null ? null : DataOptions.open(file, dataSpec, selection);
  }

  private static JobData.@Nullable Bound bound(@Nullable Dataset dataset) {
    return dataset == null ? null : new JobData.Bound(dataset);
  }

  /** Prints the stages as they come, and each tenth of the way. */
  private static final class Progress implements JobHost {
    private final PrintWriter out;
    private final long deadline;
    private String stage = "";
    private int tenth;

    Progress(PrintWriter out, long deadline) {
      this.out = out;
      this.deadline = deadline;
    }

    @Override
    public void progress(String now, double fraction) {
      int tenths = (int) (10 * fraction);
      if (!now.equals(stage) || tenths > tenth) {
        stage = now;
        tenth = tenths;
        log(Output.format("  %3.0f %%  %s", 100 * fraction, now));
      }
    }

    @Override
    public void log(String line) {
      out.println(line);
      out.flush();
    }

    @Override
    public void checkpoint() {
      if (deadline != Long.MAX_VALUE && System.nanoTime() - deadline > 0) {
        throw new JobStoppedException("budget.maxMinutes is spent");
      }
    }

    @Override
    public <T> T measuring(Callable<T> work) throws Exception {
      return work.call();
    }
  }
}
