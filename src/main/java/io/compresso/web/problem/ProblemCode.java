package io.compresso.web.problem;

import java.util.Locale;

/**
 * What can be wrong with a request, as a machine reads it. The wire form is the lower-case name
 * with hyphens; it never changes once published.
 */
public enum ProblemCode {
  MALFORMED_REQUEST(400, "The request is malformed", false),
  INVALID_PARAMETER(400, "A parameter has no valid value", false),
  INVALID_CURSOR(400, "The cursor is not one of this list", false),
  FORBIDDEN_HOST(403, "The host name is not one of this server", false),
  FORBIDDEN_ORIGIN(403, "The request comes from a page of another origin", false),
  FORBIDDEN(403, "The request is not allowed", false),
  NOT_FOUND(404, "There is no such resource", false),
  METHOD_NOT_ALLOWED(405, "The resource does not take this method", false),
  NOT_ACCEPTABLE(406, "The resource has no such representation", false),
  CONFLICT(409, "The request conflicts with the state of the resource", false),
  TOO_LARGE(413, "The content is too large", false),
  UNSUPPORTED_MEDIA_TYPE(415, "The resource does not take this media type", false),
  RANGE_NOT_SATISFIABLE(416, "The range lies outside of the content", false),
  INVALID_CONTENT(422, "The content is well-formed but not valid", false),
  HEADERS_TOO_LARGE(431, "The header fields are too large", false),
  INTERNAL_ERROR(500, "The server failed", true),
  UNAVAILABLE(503, "The server cannot take the request now", true);

  private final int status;
  private final String title;
  private final boolean retryable;

  ProblemCode(int status, String title, boolean retryable) {
    this.status = status;
    this.title = title;
    this.retryable = retryable;
  }

  public int status() {
    return status;
  }

  public String title() {
    return title;
  }

  /** Whether the same request may succeed later. */
  public boolean retryable() {
    return retryable;
  }

  /** The wire form, for example {@code invalid-model}. */
  public String wire() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The code for a status which the framework or the container chose. */
  public static ProblemCode ofStatus(int status) {
    return switch (status) {
      case 400 -> MALFORMED_REQUEST;
      case 401, 403 -> FORBIDDEN;
      case 404 -> NOT_FOUND;
      case 405 -> METHOD_NOT_ALLOWED;
      case 406 -> NOT_ACCEPTABLE;
      case 409 -> CONFLICT;
      case 413 -> TOO_LARGE;
      case 415 -> UNSUPPORTED_MEDIA_TYPE;
      case 416 -> RANGE_NOT_SATISFIABLE;
      case 422 -> INVALID_CONTENT;
      case 431 -> HEADERS_TOO_LARGE;
      case 503 -> UNAVAILABLE;
      default -> status >= 500 ? INTERNAL_ERROR : MALFORMED_REQUEST;
    };
  }
}
