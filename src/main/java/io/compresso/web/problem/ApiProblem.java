package io.compresso.web.problem;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.compresso.store.Problem;
import io.compresso.store.ProblemException;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;

/**
 * The body of every error: RFC 9457 with the members {@code code}, {@code node}, {@code errors},
 * {@code hint}.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@Schema(
    name = "Problem",
    description = "An error as RFC 9457 describes it, with members of this API")
public record ApiProblem(
    @Schema(
            description = "Identifies the kind of problem",
            example = "urn:compresso:problem:invalid-model",
            requiredMode = Schema.RequiredMode.REQUIRED)
        String type,
    @Schema(
            description = "The kind of problem in words",
            example = "The model is not valid",
            requiredMode = Schema.RequiredMode.REQUIRED)
        String title,
    @Schema(
            description = "The HTTP status",
            example = "422",
            requiredMode = Schema.RequiredMode.REQUIRED)
        int status,
    @Schema(
            description = "What is wrong with this request",
            example = "node 'conv1' (Conv): input 'w9' is produced by nothing",
            requiredMode = Schema.RequiredMode.REQUIRED)
        String detail,
    @Schema(description = "The path that was asked for", example = "/v1/models")
        @Nullable String instance,
    @Schema(
            description = "The kind of problem for programs; never changes",
            example = "invalid-model",
            requiredMode = Schema.RequiredMode.REQUIRED)
        String code,
    @Schema(description = "The node of the model to blame, where there is one", example = "conv1")
        @Nullable String node,
    @Schema(description = "The fields to blame, where there are any") List<FieldProblem> errors,
    @Schema(
            description = "What to do about it",
            example = "Export the model again and upload it whole.")
        @Nullable String hint,
    @JsonInclude
        @Schema(
            description = "Whether the same request may succeed later",
            example = "false",
            requiredMode = Schema.RequiredMode.REQUIRED)
        boolean retryable) {

  public static ApiProblem of(ProblemCode code, String detail) {
    return new ApiProblem(
        "urn:compresso:problem:" + code.wire(),
        code.title(),
        code.status(),
        detail,
        null,
        code.wire(),
        null,
        List.of(),
        null,
        code.retryable());
  }

  /** What a use case refused. */
  public static ApiProblem of(ProblemException.Kind kind, Problem problem) {
    ProblemCode code =
        switch (kind) {
          case BAD_REQUEST -> ProblemCode.MALFORMED_REQUEST;
          case NOT_FOUND -> ProblemCode.NOT_FOUND;
          case CONFLICT -> ProblemCode.CONFLICT;
          case TOO_LARGE -> ProblemCode.TOO_LARGE;
          case INVALID -> ProblemCode.INVALID_CONTENT;
          case UNAVAILABLE -> ProblemCode.UNAVAILABLE;
        };
    return new ApiProblem(
        "urn:compresso:problem:" + problem.code(),
        code.title(),
        code.status(),
        problem.message(),
        null,
        problem.code(),
        problem.node(),
        problem.field() == null
            ? List.of()
            : List.of(new FieldProblem(FieldProblem.pointer(problem.field()), problem.message())),
        problem.hint(),
        problem.retryable());
  }

  public ApiProblem withHint(@Nullable String newHint) {
    return new ApiProblem(
        type, title, status, detail, instance, code, node, errors, newHint, retryable);
  }

  public ApiProblem withInstance(@Nullable String newInstance) {
    return new ApiProblem(
        type, title, status, detail, newInstance, code, node, errors, hint, retryable);
  }

  public ApiProblem withErrors(List<FieldProblem> newErrors) {
    return new ApiProblem(
        type, title, status, detail, instance, code, node, newErrors, hint, retryable);
  }

  /** Of the same kind, with the status which the framework chose. */
  public ApiProblem withStatus(int newStatus) {
    return new ApiProblem(
        type, title, newStatus, detail, instance, code, node, errors, hint, retryable);
  }

  public ResponseEntity<ApiProblem> response(HttpHeaders headers) {
    return ResponseEntity.status(status)
        .headers(headers)
        .contentType(MediaType.APPLICATION_PROBLEM_JSON)
        .body(this);
  }
}
