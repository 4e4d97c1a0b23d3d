package io.compresso.technique;

/** A job ended before its work was done, because it was told to. */
public final class JobStoppedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why a job was stopped. */
  public enum Reason {
    CANCELLED,
    TIMED_OUT
  }

  private final Reason reason;

  public JobStoppedException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
