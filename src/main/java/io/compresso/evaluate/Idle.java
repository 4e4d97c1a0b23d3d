package io.compresso.evaluate;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Waits until no thread of this process computes. */
final class Idle {
  private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
  private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(3);
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private Idle() {}

  /**
   * Returns when the process used less than a quarter of one core for 2 ms, at the latest after 3
   * s. So threads that spin for work have parked.
   */
  static void await() {
    long deadline = System.nanoTime() + MOST_NANOS;
    long start;
    long cpu;
    do {
      start = System.nanoTime();
      cpu = SYSTEM.getProcessCpuTime();
      LockSupport.parkNanos(STEP_NANOS);
    } while (SYSTEM.getProcessCpuTime() - cpu > (System.nanoTime() - start) / 4
        && System.nanoTime() < deadline);
  }
}
