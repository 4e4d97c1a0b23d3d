package io.compresso.engine;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * How a session runs.
 *
 * @param threads how many threads one run may use
 * @param memoryLimit the largest number of bytes that the values of one run may take together
 */
public record SessionOptions(int threads, long memoryLimit) {
  /** All processors, and three quarters of the memory that the machine or container has. */
  public static final SessionOptions DEFAULT =
      new SessionOptions(
          Runtime.getRuntime().availableProcessors(),
          ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                  .getTotalMemorySize()
              / 4
              * 3);
}
