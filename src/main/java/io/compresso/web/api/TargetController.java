package io.compresso.web.api;

import io.compresso.compress.TargetService;
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

/** Targets. */
@RestController
@RequestMapping(path = "/v1/targets", produces = MediaType.APPLICATION_JSON_VALUE)
@Tag(name = "targets", description = "The CPUs on which figures were measured.")
public class TargetController {
  private final TargetService targets;

  public TargetController(TargetService targets) {
    this.targets = targets;
  }

  @GetMapping
  @Operation(
      operationId = "listTargets",
      summary = "Lists targets",
      description = "Every CPU on which a job has run, those seen last first.")
  @ApiResponse(responseCode = "200", description = "All targets", useReturnTypeSchema = true)
  TargetPage list() {
    return new TargetPage(targets.list().stream().map(TargetResource::of).toList(), null);
  }

  @GetMapping("/{id}")
  @Operation(
      operationId = "getTarget",
      summary = "Describes a target",
      description = "A CPU by its fingerprint.")
  @ApiResponse(responseCode = "200", description = "The target", useReturnTypeSchema = true)
  @Refusals({404})
  TargetResource get(@Parameter(description = "Fingerprint of the CPU") @PathVariable String id) {
    return TargetResource.of(targets.get(id));
  }
}
