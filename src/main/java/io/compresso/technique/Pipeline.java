package io.compresso.technique;

import io.compresso.data.Binding;
import io.compresso.data.DataException;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
  private Pipeline() {}

  /**
   * What a job made.
   *
   * @param model the compressed model's file, in the job's work folder
   */
  public record Result(Path model, Report report) {}

  /**
   * Checks everything that can be checked without running: the data against the model's inputs, and
   * each technique's parameters against the model.
   */
  public static DryRun validate(JobSpec spec, Model model, JobData data) {
    List<Problem> problems = new ArrayList<>();
    bind(model, data.train(), "data.train", problems);
    bind(model, data.calibration(), "data.calibration", problems);
    bind(model, data.evaluation(), "data.eval", problems);
    List<String> warnings = new ArrayList<>();
    if (data.evaluation() == null) {
      warnings.add("there is no data.eval: accuracy and agreement will not be measured");
    }
    return new DryRun(problems, warnings, 0, 0);
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
    throw new GraphException("no technique can run yet");
  }

  private static @Nullable Binding bind(
      Model model, JobData.@Nullable Bound bound, String path, List<Problem> problems) {
    if (bound == null) {
      return null;
    }
    try {
      return Binding.of(bound.dataset().schema(), ModelInputs.of(model), bound.fields());
    } catch (DataException e) {
      problems.add(Problem.at(path, String.valueOf(e.getMessage())));
      return null;
    }
  }
}
