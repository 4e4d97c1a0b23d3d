package io.compresso.cli;

import io.compresso.evaluate.BenchNetworks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a network that the bench knows, for the other commands to work on. */
@Command(
    name = "network",
    mixinStandardHelpOptions = true,
    description = "Writes one of the bench's networks, with seeded random weights, as ONNX.")
final class BenchNetworkCommand implements Callable<Integer> {
  @Spec
  private @SuppressWarnings("NullAway.Init") CommandSpec spec;

  @Parameters(paramLabel = "NAME", description = "resnet-50, bert-base and so on; see models.")
  private @SuppressWarnings("NullAway.Init") String name;

  @Option(
      names = {"-o", "--output"},
      required = true,
      description = "The ONNX file to write; must not exist.")
  private @SuppressWarnings("NullAway.Init") Path output;

  @Override
  public Integer call() throws Exception {
    if (!BenchNetworks.names().contains(name)) {
      throw new ParameterException(
          spec.commandLine(),
          "unknown network '%s', known are %s".formatted(name, BenchNetworks.names()));
    }
    if (Files.exists(output)) {
      throw new ParameterException(spec.commandLine(), output + " exists");
    }
    BenchNetworks.write(name, output);
    return 0;
  }
}
