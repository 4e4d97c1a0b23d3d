package io.compresso.engine;

import java.util.concurrent.CancellationException;

/** Asks a run to stop; it does so between two operators. Thread-safe. */
public final class CancelToken {
  private volatile boolean cancelled;

  public void cancel() {
    cancelled = true;
  }

  public boolean isCancelled() {
    return cancelled;
  }

  /**
   * Returns when neither the token is cancelled nor the thread interrupted.
   *
   * @throws CancellationException otherwise
   */
  public void check() {
    if (cancelled || Thread.currentThread().isInterrupted()) {
      throw new CancellationException("the run was cancelled");
    }
  }
}
