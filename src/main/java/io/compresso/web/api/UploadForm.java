package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import io.swagger.v3.oas.annotations.media.Schema;

/** The form of an upload, for the OpenAPI document. */
@Schema(
    name = "UploadForm",
    description = "An upload as a form; the query's parameters may be its fields too")
record UploadForm(
    @Schema(
            description = "The file, or an archive",
            type = "string",
            format = "binary",
            example = "mnist-8.onnx",
            requiredMode = REQUIRED)
        String file) {}
