package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.compresso.compress.ModelInfo;
import io.compresso.compress.ModelSummary;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A stored model. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@Schema(name = "Model", description = "A stored model; it never changes")
public record ModelResource(
    @Schema(
            description = "Identifier",
            example = "019a8f3c-7c1e-7000-8000-6d1f2a3b4c5d",
            requiredMode = REQUIRED)
        UUID id,
    @Schema(description = "Name for people", example = "mnist-8", requiredMode = REQUIRED)
        String name,
    @Schema(
            description = "SHA-256 of the stored file, in hexadecimal digits",
            example = "2f06e72de813a8635c9bc0397ac447a601bdbfa7df4bebc278723b958831c9bf",
            requiredMode = REQUIRED)
        String sha256,
    @Schema(description = "Bytes of the stored file", example = "26454", requiredMode = REQUIRED)
        long size,
    @Schema(
            description = "onnx, or archive when external data came with the model",
            example = "onnx",
            allowableValues = {"onnx", "archive"},
            requiredMode = REQUIRED)
        String format,
    @Schema(description = "ONNX IR version", example = "8", requiredMode = REQUIRED) long irVersion,
    @Schema(
            description = "Versions of operator sets by domain",
            example = "{\"ai.onnx\": 13}",
            requiredMode = REQUIRED)
        Map<String, Integer> opsets,
    @Schema(description = "Program that made it", example = "pytorch", requiredMode = REQUIRED)
        String producer,
    @Schema(description = "Version of that program", example = "2.3.0", requiredMode = REQUIRED)
        String producerVersion,
    @Schema(description = "Inputs", requiredMode = REQUIRED) List<PortResource> inputs,
    @Schema(description = "Outputs", requiredMode = REQUIRED) List<PortResource> outputs,
    @Schema(
            description = "Number of nodes by operator type",
            example = "{\"Conv\": 2, \"Relu\": 2}",
            requiredMode = REQUIRED)
        Map<String, Long> operators,
    @Schema(description = "Elements of all weights", example = "5998", requiredMode = REQUIRED)
        long parameters,
    @Schema(description = "Bytes of all weights", example = "23992", requiredMode = REQUIRED)
        long weightBytes,
    @Schema(
            description = "The model from which a job made this one",
            example = "019a8f3c-7c1e-7000-8000-6d1f2a3b4c5d")
        @Nullable UUID parent,
    @Schema(
            description = "The job that made this one",
            example = "019a8f40-11aa-7000-8000-0a0b0c0d0e0f")
        @Nullable UUID job,
    @Schema(
            description = "When it was stored",
            example = "2026-11-23T13:00:00Z",
            requiredMode = REQUIRED)
        Instant createdAt) {

  /** The resource of a stored model. */
  public static ModelResource of(ModelInfo model) {
    ModelSummary summary = model.summary();
    return new ModelResource(
        model.id(),
        model.name(),
        model.sha256(),
        model.size(),
        model.format(),
        summary.irVersion(),
        summary.opsets(),
        summary.producer(),
        summary.producerVersion(),
        PortResource.all(summary.inputs()),
        PortResource.all(summary.outputs()),
        summary.operators(),
        summary.parameters(),
        summary.weightBytes(),
        model.parent(),
        model.job(),
        model.createdAt());
  }
}
