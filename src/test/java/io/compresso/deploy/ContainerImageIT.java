package io.compresso.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Does what the Dockerfile does, without a container engine: the same runtime image by {@code
 * jlink}, the same layout of the jar, the same command line and environment.
 */
class ContainerImageIT {
  private static final Path JAVA_HOME = Path.of(System.getProperty("java.home"));

  @TempDir Path root;

  @Test
  void entrypoint_servesAndStopsOnSigterm() throws Exception {
    String dockerfile = Files.readString(Path.of("Dockerfile"));
    Path runtime = root.resolve("jre");
    Path program = root.resolve("compresso");
    run(
        JAVA_HOME.resolve("bin/jlink").toString(),
        "--output",
        runtime.toString(),
        "--add-modules",
        group(dockerfile, "--add-modules ([\\w.,]+)\\n"));
    // The name of the extracted jar is the name of the one that is extracted.
    Path jar =
        Files.copy(Path.of(System.getProperty("compresso.jar")), root.resolve("compresso.jar"));
    run(
        runtime.resolve("bin/java").toString(),
        "-Djarmode=tools",
        "-jar",
        jar.toString(),
        "extract",
        "--destination",
        program.toString());
    int port = freePort();
    List<String> command = new ArrayList<>(words(dockerfile, "ENTRYPOINT"));
    command.addAll(words(dockerfile, "CMD"));
    command.replaceAll(word ->
        word.replace("/opt/jre", runtime.toString()).replace("/opt/compresso", program.toString()));
    Path home = Files.createDirectory(root.resolve("home"));
    Path log = root.resolve("server.log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(home.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder
        .environment()
        .putAll(
            Map.of(
                "COMPRESSO_HOME", home.toString(),
                "SERVER_ADDRESS", "127.0.0.1",
                "SERVER_PORT", Integer.toString(port)));
    Process server = builder.start();
    try {
      assertThat(health(server, port)).as(() -> read(log)).contains("\"UP\"");
      server.destroy();
      assertThat(server.waitFor(45, TimeUnit.SECONDS)).as(() -> read(log)).isTrue();
      assertThat(server.exitValue()).as(() -> read(log)).isIn(0, 143);
    } finally {
      server.descendants().forEach(ProcessHandle::destroyForcibly);
      server.destroyForcibly();
    }
  }

  private static String health(Process server, int port) throws InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + port + "/actuator/health/readiness");
    Instant deadline = Instant.now().plus(Duration.ofMinutes(3));
    try (HttpClient client = HttpClient.newHttpClient()) {
      while (server.isAlive() && Instant.now().isBefore(deadline)) {
        try {
          HttpResponse<String> response =
              client.send(
                  HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
          if (response.statusCode() == 200) {
            return response.body();
          }
        } catch (IOException e) {
          // Not listening yet.
        }
        Thread.sleep(250);
      }
    }
    return "no answer";
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static List<String> words(String dockerfile, String instruction) {
    Matcher words =
        Pattern.compile("\"([^\"]*)\"")
            .matcher(group(dockerfile, "\\n" + instruction + " \\[(.*)\\]"));
    return words.results().map(word -> word.group(1)).toList();
  }

  private static String group(String text, String regex) {
    Matcher matcher = Pattern.compile(regex).matcher(text);
    assertThat(matcher.find()).as(regex).isTrue();
    return matcher.group(1);
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(output).isZero();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
