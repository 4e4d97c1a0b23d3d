package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import io.swagger.v3.oas.annotations.media.Schema;

/** The form of a data set's upload, for the OpenAPI document. */
@Schema(name = "DatasetForm", description = "A data set as a form")
record DatasetForm(
    @Schema(
            description = "The file, or an archive",
            type = "string",
            format = "binary",
            requiredMode = REQUIRED)
        String file,
    @Schema(description = "Name for people; the file's by default", example = "mnist-train")
        String name,
    @Schema(
            description = "How the data is read: a DatasetSpec as JSON",
            example = "{\"format\": \"idx\"}")
        String spec) {}
