package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.compresso.store.Problem;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/** Why a job failed. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@Schema(name = "JobError", description = "Why a job failed")
public record JobErrorResource(
    @Schema(
            description = "The kind of failure for programs",
            example = "out-of-memory",
            requiredMode = REQUIRED)
        String code,
    @Schema(
            description = "What went wrong",
            example = "node 'conv1' (Conv): group 3 does not divide 64 channels",
            requiredMode = REQUIRED)
        String detail,
    @Schema(description = "The node of the model to blame", example = "conv1")
        @Nullable String node,
    @Schema(description = "The field of the job to blame", example = "/pipeline/0/quantize")
        @Nullable String field,
    @Schema(description = "What to do about it", example = "Raise budget.maxMemoryMb.")
        @Nullable String hint,
    @Schema(
            description = "Whether the same job may succeed later",
            example = "false",
            requiredMode = REQUIRED)
        boolean retryable) {

  static JobErrorResource of(Problem problem) {
    return new JobErrorResource(
        problem.code(),
        problem.message(),
        problem.node(),
        problem.field(),
        problem.hint(),
        problem.retryable());
  }
}
