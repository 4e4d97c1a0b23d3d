package io.compresso.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The root of the command line. */
@Command(
    name = "compresso",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Makes ONNX models smaller and faster, and measures what it cost.",
    subcommands = {
      DemoCommand.class,
      ServeCommand.class,
      TechniquesCommand.class,
      RunCommand.class,
      QuantizeCommand.class,
      InspectCommand.class,
      AdviseCommand.class,
      EvaluateCommand.class,
      ConformanceCommand.class,
      BenchCommand.class,
      TrainCommand.class,
    },
    commandListHeading = "%nCommands:%n")
public final class CompressoCommand implements Runnable {
  @Spec
  private @SuppressWarnings("NullAway.Init") CommandSpec spec;

  /**
   * Runs the command that {@code arguments} name.
   *
   * @return the exit code: 0, 1 when the command failed, 2 when the arguments are wrong, 3 when a
   *     compressed model misses its goals
   */
  public static int run(String... arguments) {
    return commandLine().execute(arguments);
  }

  static CommandLine commandLine() {
    return new CommandLine(new CompressoCommand())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(CompressoCommand::report);
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  private static int report(
      Exception failure, CommandLine command, CommandLine.ParseResult arguments) {
    command
        .getErr()
        .println("compresso " + command.getCommandName() + ": " + Failures.text(failure));
    if (Boolean.getBoolean("compresso.trace")) {
      failure.printStackTrace(command.getErr());
    }
    return 1;
  }
}
