package io.compresso.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Keeps one core busy until the standard input ends, as it does with the process that owns it. */
@Command(
    name = "busy",
    hidden = true,
    mixinStandardHelpOptions = true,
    description = "Keeps one core busy until the standard input ends.")
final class BenchBusyCommand implements Callable<Integer> {
  private volatile boolean ended;

  @Override
  public Integer call() {
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            while (System.in.read() >= 0) {}
          } catch (IOException _) {
            // Closed: the end as well.
          }
          ended = true;
        });
    while (!ended) {
      Thread.onSpinWait();
    }
    return 0;
  }
}
