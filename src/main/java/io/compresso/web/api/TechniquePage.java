package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The techniques of the catalogue. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@Schema(name = "TechniquePage", description = "The techniques of the catalogue")
public record TechniquePage(
    @Schema(description = "The techniques", requiredMode = REQUIRED) List<TechniqueResource> items,
    @Schema(
            description = "The cursor from which the list goes on; absent at its end",
            example = "MDE5YThmM2MtN2MxZQ")
        @Nullable String next) {}
