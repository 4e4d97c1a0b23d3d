package io.compresso.engine;

import java.util.Set;

/**
 * What one run does besides computing the outputs.
 *
 * @param listener sees every value that the model's graph itself computes, those of subgraphs not;
 *     the graph then runs as it is written, not compiled
 * @param fetch names of further values to give back; the graph is compiled so that they exist
 * @param cancel stops the run
 * @param profile whether each operator's time is taken
 */
public record RunOptions(
    ValueListener listener, Set<String> fetch, CancelToken cancel, boolean profile) {
  private static final ValueListener NOBODY = (_, _) -> {};

  public RunOptions {
    fetch = Set.copyOf(fetch);
  }

  /** Nothing besides, not to be cancelled but by an interrupt. */
  public static RunOptions plain() {
    return new RunOptions(NOBODY, Set.of(), new CancelToken(), false);
  }

  /** Whether somebody sees the values in between. */
  boolean isObserved() {
    return listener != NOBODY;
  }

  /** Whether nobody looks at values in between. */
  boolean isPlain() {
    return listener == NOBODY && fetch.isEmpty();
  }

  /** The same without anybody to see the values in between, as subgraphs run. */
  RunOptions unobserved() {
    return isObserved() ? withListener(NOBODY) : this;
  }

  public RunOptions withListener(ValueListener newListener) {
    return new RunOptions(newListener, fetch, cancel, profile);
  }

  public RunOptions withFetch(Set<String> newFetch) {
    return new RunOptions(listener, newFetch, cancel, profile);
  }

  public RunOptions withCancel(CancelToken newCancel) {
    return new RunOptions(listener, fetch, newCancel, profile);
  }

  public RunOptions withProfile() {
    return new RunOptions(listener, fetch, cancel, true);
  }
}
