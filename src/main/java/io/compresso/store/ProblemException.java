package io.compresso.store;

import org.jspecify.annotations.Nullable;

/** A request that cannot be served, and why. */
public final class ProblemException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The class of the problem, from which the HTTP status follows. */
  public enum Kind {
    /** The request's form is wrong: 400. */
    BAD_REQUEST,
    /** The thing asked for does not exist: 404. */
    NOT_FOUND,
    /** The thing's present state forbids it: 409. */
    CONFLICT,
    /** More bytes than the server takes: 413. */
    TOO_LARGE,
    /** Well-formed, but its content is wrong: 422. */
    INVALID,
    /** The server cannot do it now: 503. */
    UNAVAILABLE
  }

  private final Kind kind;
  private final transient Problem problem;

  public ProblemException(Kind kind, Problem problem) {
    this(kind, problem, null);
  }

  public ProblemException(Kind kind, Problem problem, @Nullable Throwable cause) {
    super(problem.message(), cause);
    this.kind = kind;
    this.problem = problem;
  }

  public static ProblemException notFound(String what, Object id) {
    return new ProblemException(
        Kind.NOT_FOUND, Problem.of(what + "-not-found", "there is no " + what + " " + id));
  }

  public static ProblemException conflict(String code, String message, @Nullable String hint) {
    return new ProblemException(Kind.CONFLICT, Problem.of(code, message).withHint(hint));
  }

  public static ProblemException invalid(Problem problem) {
    return new ProblemException(Kind.INVALID, problem);
  }

  public Kind kind() {
    return kind;
  }

  public Problem problem() {
    return problem;
  }
}
