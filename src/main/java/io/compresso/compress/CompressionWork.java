package io.compresso.compress;

import io.compresso.job.JobWork;
import io.compresso.store.BlobStore;
import io.compresso.store.Blobs;
import io.compresso.store.DatasetEntity;
import io.compresso.store.DatasetRepository;
import io.compresso.store.JobEntity;
import io.compresso.store.JobState;
import io.compresso.store.Jobs;
import io.compresso.store.ModelEntity;
import io.compresso.store.ModelRepository;
import io.compresso.store.ProblemException;
import io.compresso.store.StagedBlob;
import io.compresso.technique.JobSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/** The server's side of a compression: what its process gets, and what becomes of the result. */
@Component
class CompressionWork implements JobWork {
  private static final double MILLIS_PER_MINUTE = 60_000;

  private final ModelRepository models;
  private final DatasetRepository datasets;
  private final BlobStore store;
  private final Blobs blobs;
  private final ModelReader reader;
  private final ReportStore reports;

  CompressionWork(
      ModelRepository models,
      DatasetRepository datasets,
      BlobStore store,
      Blobs blobs,
      ModelReader reader,
      ReportStore reports) {
    this.models = models;
    this.datasets = datasets;
    this.store = store;
    this.blobs = blobs;
    this.reader = reader;
    this.reports = reports;
  }

  @Override
  public Limits limits(JobEntity job) {
    JobSpec.Budget budget = JobPlanner.bind(Json.tree(job.spec())).budget();
    return new Limits(
        budget.maxMemoryMb(),
        Duration.ofMillis(Math.round(budget.maxMinutes() * MILLIS_PER_MINUTE)));
  }

  @Override
  public JsonNode order(JobEntity job) throws IOException {
    JsonNode json = Json.tree(job.spec());
    JobSpec spec = JobPlanner.bind(json);
    Map<String, CompressionOrder.Data> data = new LinkedHashMap<>();
    put(data, "train", spec.data().train());
    put(data, "calibration", spec.data().calibration());
    put(data, "eval", spec.data().eval());
    return Json.MAPPER.valueToTree(
        new CompressionOrder(json, store.local(parent(spec).sha256()), data));
  }

  private ModelEntity parent(JobSpec spec) {
    return models
        .findById(UUID.fromString(spec.model()))
        .orElseThrow(() -> ProblemException.notFound("model", spec.model()));
  }

  private void put(
      Map<String, CompressionOrder.Data> data, String role, JobSpec.@Nullable DataRef ref)
      throws IOException {
    if (ref != null) {
      DatasetEntity dataset =
          datasets
              .findById(UUID.fromString(ref.dataset()))
              .orElseThrow(() -> ProblemException.notFound("dataset", ref.dataset()));
      data.put(
          role,
          new CompressionOrder.Data(
              dataset.name(), store.local(dataset.sha256()), Json.tree(dataset.spec())));
    }
  }

  @Override
  public Result receive(JobEntity job, JsonNode json, Path folder) throws IOException {
    CompressionResult made = Json.MAPPER.treeToValue(json, CompressionResult.class);
    Path file = folder.resolve(made.model()).normalize();
    if (!file.startsWith(folder) || !Files.isRegularFile(file)) {
      throw new IOException("the job's process has named no file of its own: " + made.model());
    }
    ModelEntity parent = parent(JobPlanner.bind(Json.tree(job.spec())));
    StagedBlob staged;
    try (InputStream in = Files.newInputStream(file)) {
      staged = store.stage(in, Long.MAX_VALUE);
    }
    try {
      ModelReader.Reading reading = reader.read(staged.file());
      ModelEntity model =
          new ModelEntity(job.name(), staged, reading.format(), Json.write(reading.summary()))
              .madeBy(job.id(), parent.getId());
      return new Made(model, staged, made);
    } catch (IOException | RuntimeException e) {
      staged.close();
      throw e;
    }
  }

  /** A result on its way into the store. */
  private final class Made implements Result {
    private final ModelEntity model;
    private final StagedBlob staged;
    private final CompressionResult made;

    private Made(ModelEntity model, StagedBlob staged, CompressionResult made) {
      this.model = model;
      this.staged = staged;
      this.made = made;
    }

    @Override
    public Jobs.End end() {
      return new Jobs.End(JobState.SUCCEEDED, null, made.gate(), made.verdict());
    }

    @Override
    public void store() {
      UUID job = java.util.Objects.requireNonNull(model.jobId());
      blobs.put(staged);
      models.save(model);
      reports.save(job, made.report());
    }

    @Override
    public void close() {
      staged.close();
    }
  }
}
