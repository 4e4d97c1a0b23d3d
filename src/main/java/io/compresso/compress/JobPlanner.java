package io.compresso.compress;

import io.compresso.store.Problem;
import io.compresso.store.ProblemException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/** Checks a job's spec against the models, the data and the catalogue, without running it. */
@Component
class JobPlanner {
  private final ModelService models;

  JobPlanner(ModelService models) {
    this.models = models;
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

  Plan plan(JsonNode spec) {
    if (!(spec.path("model").stringValue("") instanceof String model) || model.isEmpty()) {
      throw ProblemException.invalid(
          Problem.of("invalid-job-spec", "model: is required").atField("/model"));
    }
    UUID id = UUID.fromString(model);
    ModelInfo info = models.get(id);
    return new Plan(
        info.name(),
        "quantize",
        spec,
        "auto",
        Map.of("model", id),
        Map.of(),
        info.size(),
        0,
        List.of());
  }
}
