package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class WorkersTest {
  private final Workers workers = new Workers(4);

  @Test
  void run_doesEachChunkOnce_fromManyThreadsAndNested() throws InterruptedException {
    AtomicInteger wrong = new AtomicInteger();
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      Runnable call =
          () -> {
            for (int round = 0; round < 20; round++) {
              AtomicIntegerArray done = new AtomicIntegerArray(37);
              workers.run(37, 4, chunk -> workers.run(3, 2, _ -> done.incrementAndGet(chunk)));
              for (int chunk = 0; chunk < 37; chunk++) {
                if (done.get(chunk) != 3) {
                  wrong.incrementAndGet();
                }
              }
            }
          };
      callers.add(i % 2 == 0 ? Thread.ofPlatform().start(call) : Thread.ofVirtual().start(call));
    }
    for (Thread caller : callers) {
      caller.join();
    }
    assertThat(wrong).hasValue(0);
  }

  @Test
  void run_throwsWhatAChunkThrows() {
    assertThatThrownBy(() ->
            workers.run(
                100,
                4,
                chunk -> {
                  if (chunk == 40) {
                    throw new IllegalStateException("chunk 40");
                  }
                }))
        .hasMessage("chunk 40");
  }

  @Test
  void run_doesNothing_whenThereAreNoChunks() {
    workers.run(
        0,
        4,
        _ -> {
          throw new AssertionError();
        });
  }

  @Test
  void run_allocatesNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().threadId();
    AtomicInteger done = new AtomicInteger();
    Workers.ChunkTask task = _ -> done.incrementAndGet();
    for (int i = 0; i < 1000; i++) {
      workers.run(5, 4, task);
    }
    long before = threads.getThreadAllocatedBytes(self);
    for (int i = 0; i < 1000; i++) {
      workers.run(5, 4, task);
    }
    assertThat(threads.getThreadAllocatedBytes(self) - before).isLessThan(4_000);
    assertThat(done).hasValue(10_000);
  }

  @Test
  void run_getsHelp_afterItsHelpersHaveParked() throws InterruptedException {
    for (int round = 0; round < 5; round++) {
      Thread.sleep(5);
      Set<Thread> took = ConcurrentHashMap.newKeySet();
      CountDownLatch both = new CountDownLatch(2);
      workers.run(
          2,
          2,
          _ -> {
            took.add(Thread.currentThread());
            both.countDown();
            awaitUninterruptibly(both);
          });
      assertThat(took).hasSize(2);
    }
  }

  @Test
  void run_givesEachThreadAStretch_ofWhichOthersTakeTheEnd() {
    Workers two = new Workers(2);
    Thread caller = Thread.currentThread();
    for (int round = 0; round < 200; round++) {
      Thread[] doneBy = new Thread[29];
      two.run(doneBy.length, 2, chunk -> doneBy[chunk] = Thread.currentThread());
      List<Boolean> byCaller = Stream.of(doneBy).map(caller::equals).toList();
      assertThat(doneBy).doesNotContainNull();
      assertThat(byCaller.subList(0, 14)).isSortedAccordingTo(Comparator.reverseOrder());
      assertThat(byCaller.subList(14, 29)).isSorted();
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
