package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import io.swagger.v3.oas.annotations.media.Schema;

/** The form of a model's upload, for the OpenAPI document. */
@Schema(name = "ModelForm", description = "A model as a form")
record ModelForm(
    @Schema(
            description = "The ONNX file, or an archive of it and its external data",
            type = "string",
            format = "binary",
            requiredMode = REQUIRED)
        String file,
    @Schema(description = "Name for people; the file's by default", example = "mnist-8")
        String name) {}
