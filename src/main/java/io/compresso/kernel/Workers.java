package io.compresso.kernel;

import io.compresso.kernel.jit.ThreadPlacement;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The threads that kernels share, one pool for the process.
 *
 * <p>The caller always takes part; helpers join while there are chunks left that nobody has
 * claimed, so that a helper without a core delays nothing but its own chunk. Each thread begins
 * with the same stretch of the chunks in every call, as what it reads and writes may still be in
 * its core's cache, and then takes from the end of the others' stretches. Idle helpers look for
 * work for a short time, at first without a pause and then between others that want the processor,
 * and then park; one that is woken runs on another processor than its caller. Calls may come from
 * any thread, also from many at a time, from virtual ones and from within chunks. A call allocates
 * nothing.
 */
public final class Workers {
  private static final long SPIN_NANOS = 20_000;
  private static final long YIELD_NANOS = 250_000;

  /** Calls that get help at a time; those beyond do their chunks alone. */
  private static final int JOBS = 16;

  private final int size;
  private final Job[] jobs = new Job[JOBS];
  private final Helper[] helpers;

  /** Helpers that look for work. */
  private final AtomicInteger seeking = new AtomicInteger();

  /** What is done for each chunk. */
  @FunctionalInterface
  public interface ChunkTask {
    /** Does the chunk of the given number; chunks are independent of one another. */
    void run(int chunk);
  }

  /** A pool of {@code size} threads, of which one stands for the caller. */
  Workers(int size) {
    this.size = size;
    for (int i = 0; i < jobs.length; i++) {
      jobs[i] = new Job(size);
    }
    this.helpers = new Helper[size - 1];
    for (int i = 0; i < helpers.length; i++) {
      helpers[i] = new Helper(i + 1);
    }
    for (int i = 0; i < helpers.length; i++) {
      Helper helper = helpers[i];
      Thread.ofPlatform().daemon().name("kernel-" + (i + 1)).start(() -> help(helper));
    }
  }

  /** The pool of the process: a thread for each processor. */
  public static Workers shared() {
    return Shared.POOL;
  }

  /** Threads that can take part in one call, the caller included. */
  public int size() {
    return size;
  }

  /**
   * Runs {@code task} for the chunks 0 to {@code chunks - 1} and returns when all are done.
   *
   * @param threads at most so many threads take part, the caller included
   * @throws RuntimeException what a chunk has thrown; the chunks that were not begun are left out
   */
  public void run(int chunks, int threads, ChunkTask task) {
    int wanted = Math.clamp(threads, 1, Math.min(size, Math.max(chunks, 1))) - 1;
    Job job = wanted <= 0 ? null : takeJob();
    if (job == null) {
      for (int chunk = 0; chunk < chunks; chunk++) {
        task.run(chunk);
      }
      return;
    }
    int processor = ThreadPlacement.currentProcessor();
    job.open(task, chunks, wanted, processor);
    if (seeking.get() < wanted) {
      wake(wanted, processor);
    }
    job.work(0);
    job.finish();
  }

  private @Nullable Job takeJob() {
    for (Job job : jobs) {
      if (job.take()) {
        return job;
      }
    }
    return null;
  }

  private void wake(int wanted, int processor) {
    int left = wanted;
    for (int i = 0; i < helpers.length && left > 0; i++) {
      if (helpers[i].wake(processor)) {
        left--;
      }
    }
  }

  private void help(Helper self) {
    self.start();
    while (true) {
      Job job = nextJob();
      if (job != null) {
        self.makeRoom(job.processor);
        job.work(self.number);
        job.leave();
        continue;
      }
      self.parked.set(true);
      if (!isAnyOpen()) {
        LockSupport.park(this);
      }
      self.parked.set(false);
    }
  }

  private @Nullable Job nextJob() {
    seeking.incrementAndGet();
    try {
      long start = System.nanoTime();
      long waited = 0;
      do {
        for (Job job : jobs) {
          if (job.join()) {
            return job;
          }
        }
        if (waited < SPIN_NANOS) {
          Thread.onSpinWait();
        } else {
          Thread.yield();
        }
        waited = System.nanoTime() - start;
      } while (waited < YIELD_NANOS);
      return null;
    } finally {
      seeking.decrementAndGet();
    }
  }

  private boolean isAnyOpen() {
    for (Job job : jobs) {
      if (job.isOpen()) {
        return true;
      }
    }
    return false;
  }

  /** A thread of the pool. */
  private static final class Helper {
    private final int number;
    private final AtomicBoolean parked = new AtomicBoolean();
    private volatile @Nullable Thread thread;
    private volatile @Nullable ThreadPlacement placement;

    /**
     * @param number from 1 on
     */
    Helper(int number) {
      this.number = number;
    }

    private void start() {
      placement = ThreadPlacement.ofCurrentThread();
      thread = Thread.currentThread();
    }

    /** Leaves the caller's processor, where the system may have put both. */
    private void makeRoom(int processor) {
      if (processor >= 0 && processor == ThreadPlacement.currentProcessor()) {
        Objects.requireNonNull(placement).avoid(processor);
      }
    }

    /** Wakes the thread, on another processor, if it is parked and nobody else has woken it. */
    private boolean wake(int processor) {
      if (!parked.get() || !parked.compareAndSet(true, false)) {
        return false;
      }
      Objects.requireNonNull(placement).avoid(processor);
      LockSupport.unpark(thread);
      return true;
    }
  }

  /**
   * A call, used again for later calls. The state counts, from its lowest bits, the seats that are
   * free for helpers, the helpers inside, whether a caller has taken it, and the calls so far, so
   * that a helper cannot join another call than the one it has seen.
   */
  private static final class Job {
    private static final long SEATS = 0xFFFF;
    private static final long ONE_INSIDE = 1L << 16;
    private static final long INSIDE = 0xFFFFL << 16;
    private static final long TAKEN = 1L << 32;
    private static final long ONE_CALL = 1L << 33;

    /** From one stretch to the next, so that each has cache lines of its own. */
    private static final int STRIDE = 16;

    private static final long LOW = 0xFFFFFFFFL;

    private final AtomicLong state = new AtomicLong();

    /** The first chunk of each stretch that is left, and above it the one after the last. */
    private final AtomicLongArray stretches;

    private @Nullable ChunkTask task;
    private int parts;

    /** Where the caller runs. */
    private int processor;

    private volatile @Nullable Thread caller;
    private volatile @Nullable Throwable failure;

    Job(int most) {
      this.stretches = new AtomicLongArray(most * STRIDE);
    }

    private boolean take() {
      long now = state.get();
      return (now & TAKEN) == 0 && state.compareAndSet(now, now + ONE_CALL | TAKEN);
    }

    private void open(ChunkTask newTask, int newChunks, int seats, int newProcessor) {
      task = newTask;
      parts = seats + 1;
      processor = newProcessor;
      for (int part = 0; part < parts; part++) {
        long first = (long) newChunks * part / parts;
        long end = (long) newChunks * (part + 1) / parts;
        stretches.set(part * STRIDE, end << 32 | first);
      }
      state.set(state.get() + seats);
    }

    private boolean isOpen() {
      return (state.get() & SEATS) != 0;
    }

    private boolean join() {
      long now = state.get();
      return (now & SEATS) != 0 && state.compareAndSet(now, now - 1 + ONE_INSIDE);
    }

    private void leave() {
      long now = state.addAndGet(-ONE_INSIDE);
      Thread waiting = caller;
      if ((now & INSIDE) == 0 && waiting != null) {
        LockSupport.unpark(waiting);
      }
    }

    private void work(int number) {
      ChunkTask work = Objects.requireNonNull(task);
      int home = number < parts ? number : number % parts;
      try {
        for (int chunk = claim(home); chunk >= 0; chunk = claim(home)) {
          work.run(chunk);
        }
      } catch (Throwable thrown) {
        failure = thrown;
        for (int part = 0; part < parts; part++) {
          stretches.set(part * STRIDE, 0);
        }
      }
    }

    /** The next chunk of the own stretch, or the last one of another; -1 when none is left. */
    private int claim(int home) {
      for (int i = 0; i < parts; i++) {
        int at = (home + i) % parts * STRIDE;
        long left = stretches.get(at);
        while ((left & LOW) < left >>> 32) {
          long next = i == 0 ? left + 1 : left - (1L << 32);
          if (stretches.compareAndSet(at, left, next)) {
            return (int) (i == 0 ? left & LOW : next >>> 32);
          }
          left = stretches.get(at);
        }
      }
      return -1;
    }

    /** Waits for the helpers and lets others take the job. */
    private void finish() {
      state.updateAndGet(now -> now & ~SEATS);
      long start = System.nanoTime();
      while ((state.get() & INSIDE) != 0) {
        long waited = System.nanoTime() - start;
        if (waited < SPIN_NANOS) {
          Thread.onSpinWait();
        } else if (waited < YIELD_NANOS) {
          Thread.yield();
        } else {
          caller = Thread.currentThread();
          if ((state.get() & INSIDE) != 0) {
            LockSupport.park(this);
          }
        }
      }
      Throwable thrown = failure;
      task = null;
      caller = null;
      failure = null;
      state.addAndGet(-TAKEN);
      if (thrown instanceof RuntimeException exception) {
        throw exception;
      }
      if (thrown instanceof Error error) {
        throw error;
      }
      if (thrown != null) {
        throw new IllegalStateException(thrown);
      }
    }
  }

  private static final class Shared {
    static final Workers POOL = new Workers(Runtime.getRuntime().availableProcessors());
  }
}
