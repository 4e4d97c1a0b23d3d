package io.compresso.kernel.jit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class ThreadPlacementTest {
  private static final Path STATUS = Path.of("/proc/thread-self/status");

  @Test
  void avoid_takesOneProcessorFromTheThread_andKeepsTheOthers() throws Exception {
    assumeTrue(Files.isReadable(STATUS), "needs /proc");
    Set<Integer> before = allowed();
    assumeTrue(before.size() > 1, "needs two processors");
    CompletableFuture<ThreadPlacement> placement = new CompletableFuture<>();
    CompletableFuture<Set<Integer>> after = new CompletableFuture<>();
    CountDownLatch moved = new CountDownLatch(1);
    Thread.ofPlatform()
        .start(() -> {
          placement.complete(ThreadPlacement.ofCurrentThread());
          try {
            moved.await();
            after.complete(allowed());
          } catch (InterruptedException | IOException e) {
            after.completeExceptionally(e);
          }
        });
    placement.get().avoid(ThreadPlacement.currentProcessor());
    moved.countDown();
    assertThat(before).containsAll(after.get());
    assertThat(after.get()).hasSize(before.size() - 1);
    assertThat(allowed()).as("the caller's own").isEqualTo(before);
  }

  private static Set<Integer> allowed() throws IOException {
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith("Cpus_allowed_list:")) {
        Set<Integer> processors = new TreeSet<>();
        for (String range : line.substring(line.indexOf(':') + 1).strip().split(",")) {
          String[] ends = range.split("-");
          int last = Integer.parseInt(ends[ends.length - 1]);
          for (int i = Integer.parseInt(ends[0]); i <= last; i++) {
            processors.add(i);
          }
        }
        return processors;
      }
    }
    throw new IllegalStateException("no list of processors");
  }
}
