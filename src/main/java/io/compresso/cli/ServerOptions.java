package io.compresso.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** How the commands that start the service are told to. */
final class ServerOptions {
  @Option(
      names = "--port",
      description = "The port to listen on (default 8080; 0 takes any free one).")
  private int port = -1;

  @Option(
      names = "--home",
      description =
          "The folder of the database, the models and the data (default: COMPRESSO_HOME, else"
              + " ~/.compresso).")
  private String home = "";

  @Parameters(
      paramLabel = "PROPERTY",
      description = "Spring properties, as --name=value after a --.")
  private List<String> properties = List.of();

  /** Spring's arguments: {@code defaults}, then those of the command line, which win. */
  String[] arguments(String... defaults) {
    List<String> arguments = new ArrayList<>(List.of(defaults));
    arguments.addAll(properties);
    if (port >= 0) {
      arguments.add("--server.port=" + port);
    }
    if (!home.isEmpty()) {
      arguments.add("--compresso.home=" + home);
    }
    return arguments.toArray(String[]::new);
  }
}
