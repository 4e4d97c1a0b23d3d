package io.compresso.engine;

/**
 * How a session runs.
 *
 * @param threads how many threads one run may use
 * @param memoryLimit the largest number of bytes that the values of one run may take together
 */
public record SessionOptions(int threads, long memoryLimit) {
  public static final SessionOptions DEFAULT =
      new SessionOptions(Runtime.getRuntime().availableProcessors(), Long.MAX_VALUE);
}
