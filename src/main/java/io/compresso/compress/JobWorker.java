package io.compresso.compress;

import io.compresso.data.DataException;
import io.compresso.data.DataFile;
import io.compresso.data.DataLimits;
import io.compresso.data.Dataset;
import io.compresso.data.DatasetSpec;
import io.compresso.data.Datasets;
import io.compresso.graph.GraphException;
import io.compresso.job.JobProcess;
import io.compresso.onnx.OnnxFormatException;
import io.compresso.store.Problem;
import io.compresso.technique.JobData;
import io.compresso.technique.JobException;
import io.compresso.technique.JobHost;
import io.compresso.technique.JobSpec;
import io.compresso.technique.Pipeline;
import io.compresso.technique.Report;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;

/** The process of a compression: opens what it is told to, and runs the pipeline. */
public final class JobWorker {
  private JobWorker() {}

  /** Runs the one job that standard input tells of, then ends the process. */
  public static void run() {
    JobProcess.run(JobWorker::compress, JobWorker::problem);
  }

  private static JsonNode compress(JobProcess process) {
    CompressionOrder order = Json.MAPPER.treeToValue(process.work(), CompressionOrder.class);
    JobSpec spec = JobPlanner.bind(order.spec());
    List<Dataset> open = new ArrayList<>();
    try {
      JobData data =
          new JobData(
              open(order.data().get("train"), spec.data().train(), process.folder(), open),
              open(
                  order.data().get("calibration"),
                  spec.data().calibration(),
                  process.folder(),
                  open),
              open(order.data().get("eval"), spec.data().eval(), process.folder(), open));
      Pipeline.Result result =
          Pipeline.run(order.model(), data, spec, process.folder(), new Host(process));
      Report report = result.report();
      return Json.MAPPER.valueToTree(
          new CompressionResult(
              process.folder().relativize(result.model().toAbsolutePath()).toString(),
              Json.MAPPER.valueToTree(report.toMap()),
              report.gate().equals("none") ? null : report.gate(),
              report.verdict().result()));
    } finally {
      open.forEach(Dataset::close);
    }
  }

  private static JobData.@Nullable Bound open(
      CompressionOrder.@Nullable Data data,
      JobSpec.@Nullable DataRef ref,
      Path folder,
      List<Dataset> open) {
    if (data == null || ref == null) {
      return null;
    }
    DatasetSpec spec =
        DatasetSpec.of(Json.MAPPER.convertValue(data.spec(), new TypeReference<>() {}));
    Dataset dataset =
        Datasets.open(
            List.of(new DataFile(data.name(), data.file())), spec, DataLimits.DEFAULT, folder);
    open.add(dataset);
    JobSpec.Select select = ref.select();
    return new JobData.Bound(
        select == null ? dataset : dataset.select(select.toSelection()), ref.fields());
  }

  private static Problem problem(Throwable failure) {
    String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
    return switch (failure) {
      case JobException e ->
          Problem.of("invalid-job-spec", message)
              .atField(Json.pointer(e.problems().getFirst().path()))
              .atNode(e.problems().getFirst().node());
      case GraphException e ->
          Problem.of("model-not-compressible", message)
              .atNode(e.node())
              .withHint("exclude the node from the technique, or export the model differently");
      case OnnxFormatException _ -> Problem.of("malformed-model", message);
      case DataException e -> Problem.of(e.code().id(), message);
      default ->
          Problem.of("job-failed", failure.getClass().getSimpleName() + ": " + message)
              .withHint("this is an error of the program; the job's log has its trace");
    };
  }

  /** The pipeline's view of the process. */
  private record Host(JobProcess process) implements JobHost {
    @Override
    public void progress(String stage, double fraction) {
      process.progress(stage, fraction);
    }

    @Override
    public void log(String line) {
      process.log(line);
    }

    @Override
    public void checkpoint() {
      try {
        process.checkpoint();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public <T> T measuring(Callable<T> work) throws Exception {
      return process.measuring(work);
    }
  }
}
