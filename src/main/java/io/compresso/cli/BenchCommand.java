package io.compresso.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What times our engine against ONNX Runtime. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Times our engine against ONNX Runtime, in turns, in one process.",
    subcommands = {
      BenchKernelsCommand.class,
      BenchModelsCommand.class,
      BenchNetworkCommand.class,
      BenchProbeCommand.class,
      BenchBusyCommand.class
    },
    commandListHeading = "%nCommands:%n")
final class BenchCommand implements Runnable {
  @Spec
  private @SuppressWarnings("NullAway.Init") CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "say what is timed: kernels or models");
  }
}
