package io.compresso.web.problem;

/** Refuses a request with a problem that is already complete. */
public final class ApiProblemException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient ApiProblem problem;

  public ApiProblemException(ApiProblem problem) {
    super(problem.detail());
    this.problem = problem;
  }

  public ApiProblem problem() {
    return problem;
  }
}
