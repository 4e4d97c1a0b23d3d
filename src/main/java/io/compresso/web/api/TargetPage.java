package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The CPUs on which jobs have run. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@Schema(name = "TargetPage", description = "The CPUs on which jobs have run")
public record TargetPage(
    @Schema(description = "The targets", requiredMode = REQUIRED) List<TargetResource> items,
    @Schema(
            description = "The cursor from which the list goes on; absent at its end",
            example = "MDE5YThmM2MtN2MxZQ")
        @Nullable String next) {}
