package io.compresso.technique;

import java.util.List;
import java.util.stream.Collectors;

/** A job that cannot run as it is given; holds every problem that was found. */
public final class JobException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<Problem> problems;

  public JobException(List<Problem> problems) {
    super(problems.stream().map(Problem::toString).collect(Collectors.joining("; ")));
    this.problems = List.copyOf(problems);
  }

  /** All problems, in the order of the fields. */
  public List<Problem> problems() {
    return problems;
  }
}
