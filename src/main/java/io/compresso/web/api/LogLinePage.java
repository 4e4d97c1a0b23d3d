package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A part of a job's log, oldest first. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@Schema(name = "LogLinePage", description = "A part of a job's log, oldest first")
public record LogLinePage(
    @Schema(description = "The log lines", requiredMode = REQUIRED) List<LogLineResource> items,
    @Schema(
            description = "The cursor from which the list goes on; absent at its end",
            example = "MDE5YThmM2MtN2MxZQ")
        @Nullable String next) {}
