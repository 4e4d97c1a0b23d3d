package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import io.compresso.compress.TargetInfo;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.List;

/** A CPU on which jobs have run. */
@Schema(name = "Target", description = "A CPU on which jobs have run")
public record TargetResource(
    @Schema(
            description = "Fingerprint: equal for CPUs whose figures can be compared",
            example = "x86_64-6-143-8",
            requiredMode = REQUIRED)
        String id,
    @Schema(
            description = "Name of the CPU",
            example = "Intel(R) Xeon(R) Platinum 8481C",
            requiredMode = REQUIRED)
        String name,
    @Schema(description = "Instruction set", example = "amd64", requiredMode = REQUIRED)
        String architecture,
    @Schema(
            description = "Instruction set extensions that matter",
            example = "[\"avx2\", \"avx512vnni\", \"amx-int8\"]",
            requiredMode = REQUIRED)
        List<String> features,
    @Schema(description = "Whether it is this server's", example = "true", requiredMode = REQUIRED)
        boolean current,
    @Schema(
            description = "When a job first ran on it",
            example = "2026-11-23T13:00:00Z",
            requiredMode = REQUIRED)
        Instant firstSeenAt,
    @Schema(
            description = "When one last ran on it",
            example = "2026-11-23T13:00:00Z",
            requiredMode = REQUIRED)
        Instant lastSeenAt) {

  static TargetResource of(TargetInfo target) {
    return new TargetResource(
        target.id(),
        target.name(),
        target.architecture(),
        target.features(),
        target.current(),
        target.firstSeenAt(),
        target.lastSeenAt());
  }
}
