package io.compresso.web.problem;

import io.swagger.v3.oas.annotations.media.Schema;

/** One field to blame. */
@Schema(name = "FieldProblem", description = "One field of the request that is wrong")
public record FieldProblem(
    @Schema(
            description = "JSON pointer of the field, or the name of the parameter",
            example = "/pipeline/0/quantize/weights/bits",
            requiredMode = Schema.RequiredMode.REQUIRED)
        String field,
    @Schema(
            description = "What is wrong with it",
            example = "must be 8, got 7",
            requiredMode = Schema.RequiredMode.REQUIRED)
        String message) {
  /** The JSON pointer for a path such as {@code pipeline[0].quantize}. */
  static String pointer(String path) {
    return path.startsWith("/")
        ? path
        : "/" + path.replace("]", "").replace('[', '/').replace('.', '/');
  }
}
