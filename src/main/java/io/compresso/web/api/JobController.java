package io.compresso.web.api;

import io.compresso.compress.JobService;
import io.compresso.compress.Submission;
import io.compresso.store.JobState;
import io.compresso.web.openapi.Refusals;
import io.compresso.web.problem.ApiProblem;
import io.compresso.web.problem.ApiProblemException;
import io.compresso.web.problem.FieldProblem;
import io.compresso.web.problem.ProblemCode;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.headers.Header;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import tools.jackson.databind.JsonNode;

/** Jobs. */
@RestController
@RequestMapping("/v1/jobs")
@Tag(name = "jobs", description = "Compression jobs: submitted, watched, cancelled, reported.")
public class JobController {
  private static final String LIST = "jobs";
  private static final String LOGS = "logs";
  private static final String EXAMPLE =
      """
      {
        "name": "mnist-int8",
        "model": "019a8f3c-7c1e-7000-8000-6d1f2a3b4c5d",
        "data": {
          "calibration": "019a8f3d-2b6f-7000-8000-1a2b3c4d5e6f",
          "eval": "019a8f3d-2b6f-7000-8000-1a2b3c4d5e6f"
        },
        "pipeline": [{"quantize": {"mode": "static"}}],
        "goals": {"accuracy": {"metric": "top1", "maxDrop": 0.01}}
      }\
      """;

  private final JobService jobs;
  private final JobEvents events;
  private final Documents documents;
  private final ReportResponses reports;

  public JobController(
      JobService jobs, JobEvents events, Documents documents, ReportResponses reports) {
    this.jobs = jobs;
    this.events = events;
    this.documents = documents;
    this.reports = reports;
  }

  @PostMapping(
      consumes = {
        MediaType.APPLICATION_JSON_VALUE,
        "application/yaml",
        "application/x-yaml",
        "text/yaml"
      },
      produces = MediaType.APPLICATION_JSON_VALUE)
  @Operation(
      operationId = "submitJob",
      summary = "Submits a job",
      description =
          "Checks everything that can be checked before it runs, then queues the job. With an"
              + " `Idempotency-Key`, the same request gives the same job. With `dryRun=true`"
              + " nothing is stored, and the answer (200) says what the job would do.",
      requestBody =
          @RequestBody(
              required = true,
              description = "The job, in JSON or YAML",
              content = {
                @Content(
                    mediaType = MediaType.APPLICATION_JSON_VALUE,
                    schema = @Schema(ref = "#/components/schemas/JobSpec"),
                    examples = @ExampleObject(name = "static int8", value = EXAMPLE)),
                @Content(
                    mediaType = "application/yaml",
                    schema = @Schema(ref = "#/components/schemas/JobSpec"))
              }))
  @ApiResponse(
      responseCode = "202",
      description = "The job is queued, or was queued before with the same Idempotency-Key",
      headers = {
        @Header(
            name = "Location",
            description = "Path of the job",
            schema =
                @Schema(
                    type = "string",
                    example = "/v1/jobs/019a8f40-11aa-7000-8000-0a0b0c0d0e0f")),
        @Header(
            name = "Idempotency-Replayed",
            description = "Present when the key was used before: the job is the one from then",
            schema = @Schema(type = "string", example = "true"))
      },
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON_VALUE,
              schema = @Schema(implementation = JobResource.class)))
  @ApiResponse(
      responseCode = "2XX",
      description = "200 with `dryRun=true`: what the job would do",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON_VALUE,
              schema = @Schema(implementation = DryRunResource.class)))
  @Refusals({400, 409, 413, 415, 422})
  ResponseEntity<Object> submit(
      @Parameter(
              description = "Makes the submission repeatable: 1 to 255 printable ASCII characters",
              example = "build-1742")
          @RequestHeader(name = "Idempotency-Key", required = false)
          @Nullable String idempotencyKey,
      @Parameter(description = "Whether only to check and estimate")
          @RequestParam(defaultValue = "false")
          boolean dryRun,
      HttpServletRequest request)
      throws IOException {
    JsonNode spec = documents.body(request);
    if (dryRun) {
      return ResponseEntity.ok(DryRunResource.of(jobs.dryRun(spec)));
    }
    Submission submission = jobs.submit(spec, idempotencyKey);
    ResponseEntity.BodyBuilder response =
        ResponseEntity.accepted().location(URI.create("/v1/jobs/" + submission.job().id()));
    if (submission.replayed()) {
      response.header("Idempotency-Replayed", "true");
    }
    return response.body(JobResource.of(submission.job()));
  }

  @GetMapping(produces = MediaType.APPLICATION_JSON_VALUE)
  @Operation(
      operationId = "listJobs",
      summary = "Lists jobs",
      description = "Newest first, page by page.")
  @ApiResponse(responseCode = "200", description = "A page", useReturnTypeSchema = true)
  @Refusals({400})
  ResponseEntity<JobPage> list(
      @Parameter(
              description = "Only jobs in this state",
              schema =
                  @Schema(
                      type = "string",
                      allowableValues = {
                        "queued",
                        "running",
                        "succeeded",
                        "failed",
                        "cancelled",
                        "timed_out"
                      }))
          @RequestParam(required = false)
          @Nullable String state,
      @PageCursor @RequestParam(required = false) @Nullable String cursor,
      @PageLimit @RequestParam(defaultValue = "50") int limit) {
    return Paging.respond(
        LIST,
        jobs.list(stateOf(state), Paging.open(LIST, cursor), Paging.limit(limit)),
        JobResource::of,
        JobPage::new);
  }

  @GetMapping(path = "/{id}", produces = MediaType.APPLICATION_JSON_VALUE)
  @Operation(
      operationId = "getJob",
      summary = "Describes a job",
      description = "Where the job is, and what it led to.")
  @ApiResponse(responseCode = "200", description = "The job", useReturnTypeSchema = true)
  @Refusals({400, 404})
  JobResource get(@Parameter(description = "Identifier of the job") @PathVariable UUID id) {
    return JobResource.of(jobs.get(id));
  }

  @PostMapping(path = "/{id}/cancel", produces = MediaType.APPLICATION_JSON_VALUE)
  @ResponseStatus(HttpStatus.ACCEPTED)
  @Operation(
      operationId = "cancelJob",
      summary = "Cancels a job",
      description =
          "A queued job is cancelled at once, a running one is asked to stop. Cancelling a"
              + " cancelled job does nothing.")
  @ApiResponse(responseCode = "202", description = "The job", useReturnTypeSchema = true)
  @Refusals({400, 404, 409})
  JobResource cancel(@Parameter(description = "Identifier of the job") @PathVariable UUID id) {
    return JobResource.of(jobs.cancel(id));
  }

  @DeleteMapping("/{id}")
  @ResponseStatus(HttpStatus.NO_CONTENT)
  @Operation(
      operationId = "deleteJob",
      summary = "Deletes a job",
      description = "With its log and its report, once it has ended. The model it made stays.")
  @ApiResponse(responseCode = "204", description = "The job is gone")
  @Refusals({400, 404, 409})
  void delete(@Parameter(description = "Identifier of the job") @PathVariable UUID id) {
    jobs.delete(id);
  }

  @GetMapping(path = "/{id}/events", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
  @Operation(
      operationId = "watchJob",
      summary = "Watches a job",
      description =
          "Server-sent events: `state` (a Job) and `progress` (`stage`, `fraction`, `etaSeconds`),"
              + " each with an id. `Last-Event-ID` goes on after an event. The stream ends with"
              + " the job, after an event `end`.")
  @ApiResponse(
      responseCode = "200",
      description = "The events",
      content =
          @Content(
              mediaType = MediaType.TEXT_EVENT_STREAM_VALUE,
              schema = @Schema(type = "string"),
              examples =
                  @ExampleObject(
                      value =
                          "id: 17\nevent: progress\ndata: {\"stage\":\"calibrate\",\"fraction\":0.4,"
                              + "\"etaSeconds\":12}\n\n")))
  @Refusals({400, 404, 503})
  SseEmitter events(
      @Parameter(description = "Identifier of the job") @PathVariable UUID id,
      @Parameter(
              description = "The id of the last event that the client has",
              schema = @Schema(type = "string"),
              example = "17")
          @RequestHeader(name = "Last-Event-ID", required = false)
          @Nullable String lastEventId) {
    return events.stream(id, eventNumber(lastEventId));
  }

  @GetMapping(path = "/{id}/logs", produces = MediaType.APPLICATION_JSON_VALUE)
  @Operation(
      operationId = "listJobLogs",
      summary = "Reads a job's log",
      description = "Oldest first, page by page.")
  @ApiResponse(responseCode = "200", description = "A page", useReturnTypeSchema = true)
  @Refusals({400, 404})
  ResponseEntity<LogLinePage> logs(
      @Parameter(description = "Identifier of the job") @PathVariable UUID id,
      @PageCursor @RequestParam(required = false) @Nullable String cursor,
      @Parameter(
              description = "Most items of a page",
              schema =
                  @Schema(
                      type = "integer",
                      format = "int32",
                      minimum = "1",
                      maximum = "200",
                      defaultValue = "100"))
          @RequestParam(defaultValue = "100")
          int limit) {
    return Paging.respond(
        LOGS,
        jobs.logs(id, Paging.open(LOGS, cursor), Paging.limit(limit)),
        LogLineResource::of,
        LogLinePage::new);
  }

  @GetMapping(
      path = "/{id}/report",
      produces = {
        MediaType.APPLICATION_JSON_VALUE,
        MediaType.TEXT_HTML_VALUE,
        MediaType.TEXT_MARKDOWN_VALUE
      })
  @Operation(
      operationId = "getJobReport",
      summary = "Reads a job's report",
      description =
          "What the job cost in accuracy and gained in size and latency, measured. Present once it"
              + " has succeeded. As JSON; as one HTML page with charts that needs neither network"
              + " nor script; or as Markdown.")
  @ApiResponse(
      responseCode = "200",
      description = "The report",
      content = {
        @Content(
            mediaType = MediaType.APPLICATION_JSON_VALUE,
            schema = @Schema(implementation = ReportResource.class)),
        @Content(mediaType = MediaType.TEXT_HTML_VALUE, schema = @Schema(type = "string")),
        @Content(mediaType = MediaType.TEXT_MARKDOWN_VALUE, schema = @Schema(type = "string"))
      })
  @Refusals({400, 404, 406, 409})
  ResponseEntity<Object> report(
      @Parameter(description = "Identifier of the job") @PathVariable UUID id,
      HttpServletRequest request) {
    return reports.respond(id, request);
  }

  private static @Nullable JobState stateOf(@Nullable String wire) {
    if (wire == null) {
      return null;
    }
    try {
      return JobState.ofWire(wire);
    } catch (IllegalArgumentException e) {
      String message =
          "must be one of "
              + String.join(", ", List.of(JobState.values()).stream().map(JobState::wire).toList());
      throw new ApiProblemException(
          ApiProblem.of(ProblemCode.INVALID_PARAMETER, "state " + message)
              .withErrors(List.of(new FieldProblem("state", message))));
    }
  }

  private static long eventNumber(@Nullable String lastEventId) {
    if (lastEventId == null || lastEventId.isEmpty()) {
      return 0;
    }
    try {
      long number = Long.parseLong(lastEventId);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException _) {
      // The problem below says it.
    }
    String message = "is not the id of an event";
    throw new ApiProblemException(
        ApiProblem.of(ProblemCode.INVALID_PARAMETER, "Last-Event-ID " + message)
            .withErrors(List.of(new FieldProblem("Last-Event-ID", message))));
  }
}
