package io.compresso.web.problem;

import org.springframework.http.HttpHeaders;

/** Refuses a request with a problem that is already complete. */
public final class ApiProblemException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient ApiProblem problem;
  private final transient HttpHeaders headers;

  public ApiProblemException(ApiProblem problem) {
    this(problem, new HttpHeaders());
  }

  public ApiProblemException(ApiProblem problem, HttpHeaders headers) {
    super(problem.detail());
    this.problem = problem;
    this.headers = headers;
  }

  public ApiProblem problem() {
    return problem;
  }

  public HttpHeaders headers() {
    return headers;
  }
}
