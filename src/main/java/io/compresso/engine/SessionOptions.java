package io.compresso.engine;

/**
 * How a session runs.
 *
 * @param threads how many threads one run may use
 * @param memoryLimit the largest number of bytes that the values of one run may take together
 * @param optimised whether the graph is compiled before it runs; if not, its nodes run one by one
 *     as the model has them
 */
public record SessionOptions(int threads, long memoryLimit, boolean optimised) {
  /** All processors, and three quarters of the memory that the machine or container has. */
  public static final SessionOptions DEFAULT =
      new SessionOptions(Runtime.getRuntime().availableProcessors(), MachineMemory.bytes() / 4 * 3);

  /** Runs compiled graphs. */
  public SessionOptions(int threads, long memoryLimit) {
    this(threads, memoryLimit, true);
  }

  public SessionOptions withThreads(int newThreads) {
    return new SessionOptions(newThreads, memoryLimit, optimised);
  }

  public SessionOptions withOptimised(boolean newOptimised) {
    return new SessionOptions(threads, memoryLimit, newOptimised);
  }
}
