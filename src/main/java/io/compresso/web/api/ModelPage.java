package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A part of the models, newest first. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@Schema(name = "ModelPage", description = "A part of the models, newest first")
public record ModelPage(
    @Schema(description = "The models", requiredMode = REQUIRED) List<ModelResource> items,
    @Schema(
            description = "The cursor from which the list goes on; absent at its end",
            example = "MDE5YThmM2MtN2MxZQ")
        @Nullable String next) {}
