package io.compresso;

import io.compresso.cli.CompressoCommand;
import io.compresso.compress.JobWorker;
import java.util.Locale;

/** The program's entry point. */
public final class Compresso {
  private Compresso() {}

  public static void main(String[] args) {
    // What is told in numbers reads the same on every machine.
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    if (args.length == 1 && args[0].equals("worker")) {
      JobWorker.run();
    }
    System.exit(CompressoCommand.run(args));
  }
}
