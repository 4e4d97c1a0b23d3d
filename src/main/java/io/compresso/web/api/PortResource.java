package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import io.compresso.compress.Port;
import io.swagger.v3.oas.annotations.media.ArraySchema;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;

/** A named tensor. */
@Schema(
    name = "Port",
    description = "A tensor that a model takes or gives, or that a data set supplies")
public record PortResource(
    @Schema(description = "Name of the tensor", example = "Input3", requiredMode = REQUIRED)
        String name,
    @Schema(
            description = "Element type in ONNX's spelling",
            example = "float32",
            requiredMode = REQUIRED)
        String dtype,
    @ArraySchema(
            arraySchema =
                @Schema(
                    description = "One entry for each dimension: a number, a symbol, or ?",
                    example = "[\"N\", \"1\", \"28\", \"28\"]",
                    requiredMode = REQUIRED),
            schema = @Schema(description = "One dimension", example = "28"))
        List<String> shape) {

  static PortResource of(Port port) {
    return new PortResource(port.name(), port.dtype(), port.shape());
  }

  static List<PortResource> all(List<Port> ports) {
    return ports.stream().map(PortResource::of).toList();
  }
}
