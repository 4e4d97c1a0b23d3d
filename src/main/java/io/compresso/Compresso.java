package io.compresso;

import io.compresso.cli.CompressoCommand;
import io.compresso.compress.JobWorker;

/** The program's entry point. */
public final class Compresso {
  private Compresso() {}

  public static void main(String[] args) {
    if (args.length == 1 && args[0].equals("worker")) {
      JobWorker.run();
    }
    System.exit(CompressoCommand.run(args));
  }
}
