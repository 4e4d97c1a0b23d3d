package io.compresso.store.embedded;

import io.zonky.test.db.postgres.util.LinuxUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs PostgreSQL's programs, which refuse to run as root: there in a user namespace of its own.
 */
final class PostgresPrograms {
  private static final int TIMEOUT_SECONDS = 120;

  private final Path installation;
  private final List<String> prefix;

  PostgresPrograms(Path installation) {
    this.installation = installation;
    this.prefix =
        LinuxUtils.isUnshareAvailable() && System.getProperty("user.name").equals("root")
            ? List.of("unshare", "-U")
            : List.of();
  }

  /** The major version, for example 18. */
  String majorVersion() throws IOException {
    String text = run("postgres", List.of("--version")).strip();
    String version = text.substring(text.lastIndexOf(' ') + 1);
    return version.contains(".") ? version.substring(0, version.indexOf('.')) : version;
  }

  /**
   * Runs a program to its end.
   *
   * @return what it printed
   * @throws IOException when it fails; the message holds what it printed
   */
  String run(String program, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(installation.resolve("bin").resolve(program).toString());
    command.addAll(arguments);
    // A file, since a server started by the program would keep a pipe open.
    Path output = Files.createTempFile("compresso-" + program, ".txt");
    try {
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
      builder.environment().put("LC_ALL", "C");
      Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
      process.getOutputStream().close();
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException(program + " did not end in " + TIMEOUT_SECONDS + " s");
      }
      String printed = Files.readString(output);
      if (process.exitValue() != 0) {
        throw new IOException(
            program + " failed with status " + process.exitValue() + ": " + printed.strip());
      }
      return printed;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(program + " was interrupted", e);
    } finally {
      Files.deleteIfExists(output);
    }
  }
}
