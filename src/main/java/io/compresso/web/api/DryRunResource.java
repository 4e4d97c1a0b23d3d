package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import io.compresso.compress.DryRun;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** What a job would do. */
@Schema(name = "DryRun", description = "What a valid job would do; nothing was stored")
public record DryRunResource(
    @Schema(
            ref = "#/components/schemas/JobSpec",
            description = "The job with every default",
            requiredMode = REQUIRED)
        JsonNode spec,
    @Schema(
            description = "The techniques of the pipeline, joined by +",
            example = "quantize",
            requiredMode = REQUIRED)
        String technique,
    @Schema(
            description = "Bytes of the result, roughly",
            example = "90112",
            requiredMode = REQUIRED)
        long estimatedBytes,
    @Schema(description = "Seconds that it takes, roughly", example = "20", requiredMode = REQUIRED)
        long estimatedSeconds,
    @Schema(
            description = "What does not keep it from running but is worth knowing",
            example = "[\"the target is not this host: latency will not be measured\"]",
            requiredMode = REQUIRED)
        List<String> warnings) {

  static DryRunResource of(DryRun run) {
    return new DryRunResource(
        run.spec(), run.technique(), run.estimatedBytes(), run.estimatedSeconds(), run.warnings());
  }
}
