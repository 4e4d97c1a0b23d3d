package io.compresso.evaluate;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Waits until no thread of this process computes: ONNX Runtime's threads spin for work long after a
 * run, on a core that the next one to be timed needs.
 */
final class Idle {
  private static final Path TASKS = Path.of("/proc/self/task");
  private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(12);

  /** A step where processor time is counted in ticks. */
  private static final long COARSE_STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(40);

  private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(3);
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private Idle() {}

  /**
   * Returns when the process used less than a quarter of one core for a step, at the latest after 3
   * s. So threads that spin for work have parked.
   */
  static void await() {
    long deadline = System.nanoTime() + MOST_NANOS;
    long start;
    long cpu;
    long used;
    do {
      start = System.nanoTime();
      cpu = taskNanos();
      LockSupport.parkNanos(cpu < 0 ? COARSE_STEP_NANOS : STEP_NANOS);
      used = cpu < 0 ? SYSTEM.getProcessCpuTime() + cpu : taskNanos() - cpu;
    } while (used > (System.nanoTime() - start) / 4 && System.nanoTime() < deadline);
  }

  /**
   * The time that this process's threads have run, which Linux brings up to date at each tick of
   * its clock; else less than zero: the time that the Java machine tells, negated.
   */
  private static long taskNanos() {
    long sum = 0;
    try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
      for (Path task : tasks) {
        try {
          String times = Files.readString(task.resolve("schedstat"));
          sum += Long.parseLong(times.substring(0, times.indexOf(' ')));
        } catch (java.nio.file.NoSuchFileException _) {
          // The thread has ended.
        }
      }
      return sum;
    } catch (IOException | RuntimeException _) {
      return -SYSTEM.getProcessCpuTime();
    }
  }
}
