package io.compresso.kernel.panel;

import io.compresso.kernel.Workers;
import java.lang.ref.Reference;
import java.util.function.LongConsumer;

/** Splits the units of a memory-bound run among threads. */
public final class Chunks {
  /** Work on fewer bytes is not worth another thread. */
  private static final long LEAST_BYTES = 1 << 18;

  private static final int PER_THREAD = 4;

  private Chunks() {}

  /** Does some of the units. */
  @FunctionalInterface
  public interface Work {
    void run(long first, long count);
  }

  /** How many chunks work on so many bytes is worth, at least one. */
  public static int count(long bytes, int threads) {
    int pool = Math.min(threads, Workers.shared().size());
    return pool <= 1
        ? 1
        : Shares.balanced(Math.min(bytes / LEAST_BYTES, (long) pool * PER_THREAD), pool);
  }

  /**
   * Runs all units.
   *
   * @param bytes what all of them work on
   */
  public static void run(long units, long bytes, int threads, Work work) {
    bind(units, bytes, threads, work).run();
  }

  /**
   * What runs all units again and again, and makes no objects then. What the work holds is
   * reachable until its end, so that it may use memory by its address.
   */
  public static Runnable bind(long units, long bytes, int threads, Work work) {
    if (units == 0) {
      return () -> {};
    }
    int chunks = (int) Math.min(units, count(bytes, threads));
    if (chunks == 1) {
      return () -> run(work, 0, units);
    }
    Shares shares = new Shares(units, chunks);
    Workers.ChunkTask task =
        chunk -> {
          long first = shares.start(chunk);
          run(work, first, shares.start(chunk + 1) - first);
        };
    return () -> Workers.shared().run(chunks, threads, task);
  }

  private static void run(Work work, long first, long count) {
    work.run(first, count);
    Reference.reachabilityFence(work);
  }

  /** As {@link #bind}, for work on one unit after the other. */
  public static Runnable bindEach(long units, long bytes, int threads, LongConsumer work) {
    return bind(
        units,
        bytes,
        threads,
        (first, count) -> {
          for (long unit = first; unit < first + count; unit++) {
            work.accept(unit);
          }
        });
  }
}
