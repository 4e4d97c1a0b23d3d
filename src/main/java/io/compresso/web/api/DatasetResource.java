package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import io.compresso.compress.DatasetInfo;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import tools.jackson.databind.JsonNode;

/** A stored data set. */
@Schema(name = "Dataset", description = "A stored data set; it never changes")
public record DatasetResource(
    @Schema(
            description = "Identifier",
            example = "019a8f3d-2b6f-7000-8000-1a2b3c4d5e6f",
            requiredMode = REQUIRED)
        UUID id,
    @Schema(description = "Name for people", example = "mnist-train", requiredMode = REQUIRED)
        String name,
    @Schema(
            description = "SHA-256 of the stored archive, in hexadecimal digits",
            example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            requiredMode = REQUIRED)
        String sha256,
    @Schema(
            description = "Bytes of the stored archive",
            example = "11594722",
            requiredMode = REQUIRED)
        long size,
    @Schema(
            ref = "#/components/schemas/DatasetSpec",
            description = "How the archive is read, as it was uploaded",
            requiredMode = REQUIRED)
        JsonNode spec,
    @Schema(description = "Number of examples", example = "60000", requiredMode = REQUIRED)
        long examples,
    @Schema(description = "What an example supplies", requiredMode = REQUIRED)
        List<PortResource> fields,
    @Schema(
            description = "Examples by label; empty without class labels",
            example = "{\"0\": 5923, \"1\": 6742}",
            requiredMode = REQUIRED)
        Map<String, Long> classes,
    @Schema(
            description = "When it was stored",
            example = "2026-11-23T13:00:00Z",
            requiredMode = REQUIRED)
        Instant createdAt) {

  /** The resource of a stored data set. */
  public static DatasetResource of(DatasetInfo dataset) {
    return new DatasetResource(
        dataset.id(),
        dataset.name(),
        dataset.sha256(),
        dataset.size(),
        dataset.spec(),
        dataset.examples(),
        PortResource.all(dataset.fields()),
        dataset.classes(),
        dataset.createdAt());
  }
}
