package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class WorkersTest {
  private final Workers workers = new Workers(4);

  @Test
  void run_doesEachChunkOnce_fromManyThreadsAndNested() throws InterruptedException {
    AtomicInteger wrong = new AtomicInteger();
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      Runnable call =
          () -> {
            for (int round = 0; round < 50; round++) {
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
}
