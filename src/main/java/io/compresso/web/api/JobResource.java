package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.compresso.compress.JobInfo;
import io.compresso.store.JobState;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A job. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@Schema(name = "Job", description = "A job: what was asked, where it is, and what it led to")
public record JobResource(
    @Schema(
            description = "Identifier",
            example = "019a8f40-11aa-7000-8000-0a0b0c0d0e0f",
            requiredMode = REQUIRED)
        UUID id,
    @Schema(description = "Name for people", example = "resnet-edge", requiredMode = REQUIRED)
        String name,
    @Schema(
            description = "The techniques of the pipeline, joined by +",
            example = "quantize",
            requiredMode = REQUIRED)
        String technique,
    @Schema(
            ref = "#/components/schemas/JobSpec",
            description = "The job as submitted, with every default",
            requiredMode = REQUIRED)
        JsonNode spec,
    @Schema(
            description = "The CPU that the result is for",
            example = "auto",
            requiredMode = REQUIRED)
        String target,
    @Schema(
            description = "Where the job is in its life",
            example = "running",
            allowableValues = {
              "queued",
              "running",
              "succeeded",
              "failed",
              "cancelled",
              "timed_out"
            },
            type = "string",
            requiredMode = REQUIRED)
        JobState state,
    @Schema(
            description = "Whether it was asked to stop",
            example = "false",
            requiredMode = REQUIRED)
        boolean cancelRequested,
    @Schema(description = "What it does now", example = "calibrate") @Nullable String stage,
    @Schema(
            description = "How much is done, 0 to 1",
            example = "0.4",
            minimum = "0",
            maximum = "1",
            requiredMode = REQUIRED)
        double fraction,
    @Schema(description = "Estimated seconds left", example = "12") @Nullable Long etaSeconds,
    @Schema(
            description = "Whether the goals are met; absent without goals",
            example = "passed",
            allowableValues = {"passed", "failed"})
        @Nullable String gate,
    @Schema(
            description = "Whether the result is worth using; the report has the reasons",
            example = "better",
            allowableValues = {"better", "not better"})
        @Nullable String verdict,
    @Schema(
            description = "The model that it made",
            example = "019a8f41-90ab-7000-8000-2c2d2e2f3031")
        @Nullable UUID result,
    @Schema(description = "Why it failed") @Nullable JobErrorResource error,
    @Schema(
            description = "How often a worker has taken it up",
            example = "1",
            requiredMode = REQUIRED)
        long attempts,
    @Schema(
            description = "When it was submitted",
            example = "2026-11-23T13:00:00Z",
            requiredMode = REQUIRED)
        Instant createdAt,
    @Schema(description = "When it began", example = "2026-11-23T13:00:01Z")
        @Nullable Instant startedAt,
    @Schema(description = "When it ended", example = "2026-11-23T13:00:42Z")
        @Nullable Instant finishedAt) {

  /** The resource of a job. */
  public static JobResource of(JobInfo job) {
    return new JobResource(
        job.id(),
        job.name(),
        job.technique(),
        job.spec(),
        job.target(),
        job.state(),
        job.cancelRequested(),
        job.stage(),
        job.fraction(),
        job.etaSeconds(),
        job.gate(),
        job.verdict(),
        job.result(),
        job.error() == null ? null : JobErrorResource.of(job.error()),
        job.attempts(),
        job.createdAt(),
        job.startedAt(),
        job.finishedAt());
  }
}
