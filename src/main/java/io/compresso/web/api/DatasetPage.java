package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A part of the data sets, newest first. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@Schema(name = "DatasetPage", description = "A part of the data sets, newest first")
public record DatasetPage(
    @Schema(description = "The data sets", requiredMode = REQUIRED) List<DatasetResource> items,
    @Schema(
            description = "The cursor from which the list goes on; absent at its end",
            example = "MDE5YThmM2MtN2MxZQ")
        @Nullable String next) {}
