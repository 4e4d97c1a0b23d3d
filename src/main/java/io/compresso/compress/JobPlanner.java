package io.compresso.compress;

import io.compresso.store.BlobStore;
import io.compresso.store.DatasetEntity;
import io.compresso.store.DatasetRepository;
import io.compresso.store.ModelEntity;
import io.compresso.store.ModelRepository;
import io.compresso.store.Problem;
import io.compresso.store.ProblemException;
import io.compresso.technique.DryRun;
import io.compresso.technique.JobData;
import io.compresso.technique.JobException;
import io.compresso.technique.JobSpec;
import io.compresso.technique.Pipeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;

/** Checks a job's spec against the models, the data and the catalogue, without running it. */
@Component
class JobPlanner {
  private static final String CODE = "invalid-job-spec";
  private static final double SECONDS_PER_MINUTE = 60;

  private final ModelRepository models;
  private final DatasetRepository datasets;
  private final BlobStore store;
  private final ModelReader reader;

  JobPlanner(
      ModelRepository models, DatasetRepository datasets, BlobStore store, ModelReader reader) {
    this.models = models;
    this.datasets = datasets;
    this.store = store;
    this.reader = reader;
  }

  /** A job that can run. */
  record Plan(
      String name,
      String technique,
      JsonNode spec,
      String target,
      Map<String, UUID> models,
      Map<String, UUID> datasets,
      long estimatedBytes,
      long estimatedSeconds,
      List<String> warnings) {}

  /**
   * Checks a job.
   *
   * @throws ProblemException with the first field to blame, and all that is wrong in the message
   */
  Plan plan(JsonNode json) {
    JobSpec spec = bind(json);
    ModelEntity model = model(spec.model());
    Map<String, UUID> used = new LinkedHashMap<>();
    JobData data =
        new JobData(
            describe(spec.data().train(), "train", used),
            describe(spec.data().calibration(), "calibration", used),
            describe(spec.data().eval(), "eval", used));
    DryRun dry = validate(spec, model, data);
    if (!dry.problems().isEmpty()) {
      throw refuse(dry.problems());
    }
    String technique =
        spec.pipeline().stream().map(JobSpec.Step::technique).collect(Collectors.joining("+"));
    if (!spec.name().isBlank()) {
      Names.check(spec.name());
    }
    String name = spec.name().isBlank() ? model.name() + " " + technique : spec.name();
    Map<String, Object> complete = new LinkedHashMap<>(spec.toMap());
    complete.put("name", name);
    return new Plan(
        name,
        technique,
        Json.MAPPER.valueToTree(complete),
        spec.target(),
        Map.of("model", model.getId()),
        used,
        dry.estimatedBytes(),
        Math.round(dry.estimatedMinutes() * SECONDS_PER_MINUTE),
        dry.warnings());
  }

  /** Reads a job's spec. */
  static JobSpec bind(JsonNode json) {
    if (!json.isObject()) {
      throw ProblemException.invalid(Problem.of(CODE, "the job is not a JSON object"));
    }
    try {
      return JobSpec.bind(
          Json.MAPPER.convertValue(json, new TypeReference<Map<String, Object>>() {}));
    } catch (JobException e) {
      throw refuse(e.problems());
    }
  }

  private DryRun validate(JobSpec spec, ModelEntity model, JobData data) {
    try {
      return reader.with(
          store.local(model.sha256()), graph -> Pipeline.validate(spec, graph, data));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ModelEntity model(String text) {
    return models
        .findById(id(text, "model"))
        .orElseThrow(() -> at("model", "there is no model " + text));
  }

  private JobData.@Nullable Bound describe(
      JobSpec.@Nullable DataRef ref, String role, Map<String, UUID> used) {
    if (ref == null) {
      return null;
    }
    String field = "data." + role;
    UUID id = id(ref.dataset(), field);
    DatasetEntity dataset =
        datasets.findById(id).orElseThrow(() -> at(field, "there is no data set " + id));
    DatasetReader.Summary summary = Json.read(dataset.info(), DatasetReader.Summary.class);
    JobSpec.Select select = ref.select();
    long count =
        select == null
            ? summary.examples()
            : DataSelection.count(
                select.toSelection(), summary.examples(), summary.classes(), field + ".select");
    used.put(role, id);
    return new JobData.Bound(
        new DescribedDataset(summary.schema(), count, summary.classes()), ref.fields());
  }

  private static UUID id(String text, String field) {
    try {
      return UUID.fromString(text);
    } catch (IllegalArgumentException _) {
      throw at(field, "'" + text + "' is not an id");
    }
  }

  private static ProblemException at(String field, String message) {
    return ProblemException.invalid(
        Problem.of(CODE, field + ": " + message).atField(Json.pointer(field)));
  }

  private static ProblemException refuse(List<io.compresso.technique.Problem> problems) {
    io.compresso.technique.Problem first = problems.getFirst();
    String message =
        problems.stream()
            .map(io.compresso.technique.Problem::toString)
            .collect(Collectors.joining("; "));
    return ProblemException.invalid(
        Problem.of(CODE, message)
            .atField(Json.pointer(first.path()))
            .atNode(first.node())
            .withHint("GET /v1/techniques lists every parameter with its range"));
  }
}
