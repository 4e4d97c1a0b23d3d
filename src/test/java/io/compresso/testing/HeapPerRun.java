package io.compresso.testing;

import com.sun.management.ThreadMXBean;
import io.compresso.engine.Session;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** What a run into the caller's tensors leaves to the garbage collector, on all its threads. */
public final class HeapPerRun {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int LEAST_RUNS = 3;
  private static final int MOST_RUNS = 200;
  private static final Duration BATCH = Duration.ofMillis(40);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private HeapPerRun() {}

  /**
   * The bytes of a run in steady state: runs are repeated until they take no more than {@code
   * wanted}, which may need some until the JVM has compiled them, or until patience ends.
   */
  public static long steady(Session session, Map<String, Tensor> inputs, long wanted) {
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    for (Map.Entry<String, Value> output : session.run(inputs).entrySet()) {
      Tensor first = (Tensor) output.getValue();
      outputs.put(output.getKey(), Tensor.allocate(first.dtype(), first.shape()));
    }
    long end = System.nanoTime() + PATIENCE.toNanos();
    long bytes;
    do {
      bytes = batch(session, inputs, outputs);
    } while (bytes > wanted && System.nanoTime() < end);
    return bytes;
  }

  private static long batch(
      Session session, Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
    long[] threads = threads();
    long before = allocated(threads);
    long end = System.nanoTime() + BATCH.toNanos();
    int runs = 0;
    while (runs < LEAST_RUNS || runs < MOST_RUNS && System.nanoTime() < end) {
      session.run(inputs, outputs);
      runs++;
    }
    return (allocated(threads) - before) / runs;
  }

  /** The caller and the kernels' helpers. */
  private static long[] threads() {
    Stream<Thread> helpers =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().startsWith("kernel-"));
    return Stream.concat(Stream.of(Thread.currentThread()), helpers)
        .mapToLong(Thread::threadId)
        .toArray();
  }

  private static long allocated(long[] threads) {
    return LongStream.of(THREADS.getThreadAllocatedBytes(threads)).sum();
  }
}
