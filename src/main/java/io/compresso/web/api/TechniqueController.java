package io.compresso.web.api;

import io.compresso.compress.TechniqueService;
import io.compresso.store.ProblemException;
import io.compresso.web.openapi.Refusals;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Techniques. */
@RestController
@RequestMapping(path = "/v1/techniques", produces = MediaType.APPLICATION_JSON_VALUE)
@Tag(name = "techniques", description = "The catalogue of what a job's pipeline can do.")
public class TechniqueController {
  private final TechniqueService techniques;

  public TechniqueController(TechniqueService techniques) {
    this.techniques = techniques;
  }

  @GetMapping
  @Operation(
      operationId = "listTechniques",
      summary = "Lists techniques",
      description = "Every technique with the JSON schema of its parameters.")
  @ApiResponse(responseCode = "200", description = "All techniques", useReturnTypeSchema = true)
  TechniquePage list() {
    return new TechniquePage(techniques.list().stream().map(TechniqueResource::of).toList(), null);
  }

  @GetMapping("/{name}")
  @Operation(
      operationId = "getTechnique",
      summary = "Describes a technique",
      description = "What it does, and the JSON schema of its parameters.")
  @ApiResponse(responseCode = "200", description = "The technique", useReturnTypeSchema = true)
  @Refusals({404})
  TechniqueResource get(
      @Parameter(description = "Name of the technique", example = "quantize") @PathVariable
          String name) {
    return techniques.list().stream()
        .filter(technique -> technique.name().equals(name))
        .findFirst()
        .map(TechniqueResource::of)
        .orElseThrow(() -> ProblemException.notFound("technique", name));
  }
}
