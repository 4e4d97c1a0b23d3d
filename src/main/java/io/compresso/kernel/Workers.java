package io.compresso.kernel;

import io.compresso.kernel.jit.ThreadPlacement;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The threads that kernels share, one pool for the process.
 *
 * <p>The caller always takes part; helpers join while there are chunks left that nobody has
 * claimed, so that a helper without a core delays nothing but its own chunk. Idle helpers spin for
 * a short time and then park; one that is woken runs on another processor than its caller. Calls
 * may come from any thread, also from many at a time, from virtual ones and from within chunks.
 */
public final class Workers {
  private static final long SPIN_NANOS = 20_000;

  private final int size;
  private final ConcurrentLinkedQueue<Job> jobs = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<Helper> parked = new ConcurrentLinkedQueue<>();

  /** What is done for each chunk. */
  @FunctionalInterface
  public interface ChunkTask {
    /** Does the chunk of the given number; chunks are independent of one another. */
    void run(int chunk);
  }

  /** A pool of {@code size} threads, of which one stands for the caller. */
  Workers(int size) {
    this.size = size;
    for (int i = 1; i < size; i++) {
      Thread.ofPlatform().daemon().name("kernel-" + i).start(this::help);
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
    int helpers = Math.min(Math.min(threads, size), chunks) - 1;
    if (helpers <= 0) {
      for (int chunk = 0; chunk < chunks; chunk++) {
        task.run(chunk);
      }
      return;
    }
    Job job = new Job(task, chunks, helpers);
    jobs.add(job);
    for (int i = 0; i < helpers; i++) {
      Helper helper = parked.poll();
      if (helper == null) {
        break;
      }
      helper.placement.avoidCaller();
      LockSupport.unpark(helper.thread);
    }
    job.work();
    jobs.remove(job);
    job.await();
  }

  private void help() {
    Helper self = new Helper(Thread.currentThread(), ThreadPlacement.ofCurrentThread());
    while (true) {
      Job job = nextJob();
      if (job != null) {
        job.work();
        job.leave();
        continue;
      }
      parked.add(self);
      if (jobs.stream().noneMatch(Job::isOpen)) {
        LockSupport.park(this);
      }
      parked.remove(self);
    }
  }

  private @Nullable Job nextJob() {
    long deadline = System.nanoTime() + SPIN_NANOS;
    do {
      for (Job job : jobs) {
        if (job.join()) {
          return job;
        }
      }
      Thread.onSpinWait();
    } while (System.nanoTime() < deadline);
    return null;
  }

  /** A thread of the pool. */
  private record Helper(Thread thread, ThreadPlacement placement) {}

  private static final class Job {
    private final ChunkTask task;
    private final int chunks;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger seats;
    private final AtomicInteger helping = new AtomicInteger();
    private final Thread caller = Thread.currentThread();
    private volatile @Nullable Throwable failure;

    Job(ChunkTask task, int chunks, int helpers) {
      this.task = task;
      this.chunks = chunks;
      this.seats = new AtomicInteger(helpers);
    }

    boolean isOpen() {
      return next.get() < chunks && seats.get() > 0;
    }

    boolean join() {
      if (!isOpen()) {
        return false;
      }
      helping.incrementAndGet();
      if (seats.getAndDecrement() > 0) {
        return true;
      }
      leave();
      return false;
    }

    void leave() {
      if (helping.decrementAndGet() == 0) {
        LockSupport.unpark(caller);
      }
    }

    void work() {
      try {
        for (int chunk = next.getAndIncrement(); chunk < chunks; chunk = next.getAndIncrement()) {
          task.run(chunk);
        }
      } catch (Throwable thrown) {
        failure = thrown;
        next.set(chunks);
      }
    }

    void await() {
      long deadline = System.nanoTime() + SPIN_NANOS;
      while (helping.get() > 0) {
        if (System.nanoTime() < deadline) {
          Thread.onSpinWait();
        } else {
          LockSupport.park(this);
        }
      }
      switch (failure) {
        case null -> {}
        case RuntimeException thrown -> throw thrown;
        case Error thrown -> throw thrown;
        case Throwable thrown -> throw new IllegalStateException(thrown);
      }
    }
  }

  private static final class Shared {
    static final Workers POOL = new Workers(Runtime.getRuntime().availableProcessors());
  }
}
