package io.compresso.technique;

/** A job ended before its work was done, because it was told to. */
public final class JobStoppedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public JobStoppedException(String message) {
    super(message);
  }
}
