package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import io.compresso.compress.TechniqueInfo;
import io.swagger.v3.oas.annotations.media.Schema;

/** A technique of the catalogue. */
@Schema(name = "Technique", description = "A way to compress a model")
public record TechniqueResource(
    @Schema(
            description = "Its name in a job's pipeline",
            example = "quantize",
            requiredMode = REQUIRED)
        String name,
    @Schema(
            description = "What it does",
            example = "Computes convolutions and matrix products in 8 bits.",
            requiredMode = REQUIRED)
        String description,
    @Schema(
            description = "JSON schema (2020-12) of its parameters",
            type = "object",
            example = "{\"type\": \"object\", \"properties\": {}}",
            requiredMode = REQUIRED)
        Object schema) {

  static TechniqueResource of(TechniqueInfo technique) {
    return new TechniqueResource(technique.name(), technique.description(), technique.schema());
  }
}
