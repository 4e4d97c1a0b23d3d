package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import io.compresso.compress.LogLine;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;

/** A line of a job's log. */
@Schema(name = "LogLine", description = "A line that a job has logged")
public record LogLineResource(
    @Schema(description = "Grows with time", example = "7", requiredMode = REQUIRED) long id,
    @Schema(description = "Severity", example = "INFO", requiredMode = REQUIRED) String level,
    @Schema(
            description = "What happened",
            example = "calibrated on 200 examples",
            requiredMode = REQUIRED)
        String message,
    @Schema(description = "When", example = "2026-11-23T13:00:05Z", requiredMode = REQUIRED)
        Instant at) {

  static LogLineResource of(LogLine line) {
    return new LogLineResource(line.id(), line.level(), line.message(), line.at());
  }
}
