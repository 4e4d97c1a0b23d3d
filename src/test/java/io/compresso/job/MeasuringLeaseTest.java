package io.compresso.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MeasuringLeaseTest {
  @TempDir Path folder;
  private final List<Process> processes = new ArrayList<>();

  @AfterEach
  void kill() throws InterruptedException {
    for (Process process : processes) {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void measuring_excludesTheComputingOfOtherProcesses_andOutlivesTheirDeath() throws Exception {
    Process first = compute();
    Process second = compute();
    BufferedReader firstOut = first.inputReader();
    BufferedReader secondOut = second.inputReader();
    firstOut.readLine();
    secondOut.readLine();
    try (MeasuringLease lease = MeasuringLease.join(folder)) {
      lease.checkpoint();
      boolean quiet =
          lease.measuring(() -> {
            drain(firstOut);
            drain(secondOut);
            Thread.sleep(300);
            return !firstOut.ready() && !secondOut.ready();
          });
      assertThat(quiet).as("nobody computed while the lease was held").isTrue();
      assertThat(firstOut.readLine()).as("goes on afterwards").isEqualTo("computed");
      assertThat(secondOut.readLine()).isEqualTo("computed");
      first.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
      second.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
      assertThat(lease.<Integer>measuring(() -> 42)).isEqualTo(42);
    }
  }

  private static void drain(BufferedReader reader) throws IOException {
    while (reader.ready()) {
      reader.readLine();
    }
  }

  private Process compute() throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Computing.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    processes.add(process);
    return process;
  }

  /** Computes, and says so, until it is killed. */
  public static final class Computing {
    private Computing() {}

    public static void main(String[] args) throws Exception {
      try (MeasuringLease lease = MeasuringLease.join(Path.of(args[0]))) {
        while (true) {
          lease.checkpoint();
          System.out.println("computed");
          Thread.sleep(5);
        }
      }
    }
  }
}
