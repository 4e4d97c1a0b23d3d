package io.compresso.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.compresso.TestDatabase;
import io.compresso.testing.ServerProcess;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Servers in processes of their own, killed in the middle of a job. */
class CrashRecoveryIT {
  private static final Duration PATIENCE = Duration.ofSeconds(120);

  @TempDir Path home;

  @Test
  void job_endsWithOneResult_afterItsServerWasKilledAndStartedAgain() throws Exception {
    List<String> properties = new ArrayList<>(jobProperties());
    properties.add("compresso.sweep-grace=0s");
    String job;
    ServerProcess first = ServerProcess.start(home, List.of(), properties);
    try {
      // Content that a crash left behind: a file without a row, and an upload in flight.
      Path orphan = home.resolve("blobs/ab").resolve("0".repeat(62));
      Files.createDirectories(orphan.getParent());
      Files.writeString(orphan, "orphan");
      job = submit(first, "steps 50 100");
      awaitRunning(first, job);
    } finally {
      first.kill();
    }
    await().atMost(PATIENCE).until(() -> processes("worker").isEmpty());
    assertThat(processes("bin/postgres")).hasSize(1);

    try (ServerProcess second = ServerProcess.start(home, List.of(), properties)) {
      Instant started = Instant.now();
      JsonNode ended = awaitEnd(second, job);
      assertThat(ended.path("state").asString()).as(ended.toString()).isEqualTo("succeeded");
      // 5 s of work are left at most.
      assertThat(Duration.between(started, Instant.now())).isLessThan(Duration.ofSeconds(65));
      assertThat(second.json("/v1/models").path("items")).hasSize(2);
      assertThat(second.json("/v1/jobs/" + job + "/report").isObject()).isTrue();
      assertThat(processes("bin/postgres")).hasSize(1);
      await().atMost(PATIENCE).untilAsserted(() -> assertThat(blobs()).isEqualTo(stored(second)));
      await().atMost(PATIENCE).untilAsserted(() -> assertThat(inFlight()).isEmpty());
    }
    await().atMost(PATIENCE).until(() -> processes("").isEmpty());
  }

  @Test
  void survivorTakesTheJobOver_whenTheOtherServerStopsOrDies() throws Exception {
    TestDatabase.Database database = TestDatabase.create();
    List<String> properties = new ArrayList<>(database.properties());
    properties.addAll(jobProperties());
    properties.add("db-scheduler.heartbeat-interval=1s");
    ServerProcess one = ServerProcess.start(home, List.of(), properties);
    try (ServerProcess two = ServerProcess.start(home, List.of(), properties)) {
      String job = submit(one, "steps 30 100");
      awaitRunning(one, job);
      boolean onTwo = query(database, "select worker from jobs").startsWith("pid " + two.pid());
      ServerProcess worker = onTwo ? two : one;
      ServerProcess survivor = onTwo ? one : two;
      try {
        worker.kill();
        JsonNode ended = awaitEnd(survivor, job);
        assertThat(ended.path("state").asString()).as(ended.toString()).isEqualTo("succeeded");
        assertThat(query(database, "select attempts from jobs")).isEqualTo("2");
        assertThat(query(database, "select count(*) from models where job_id is not null"))
            .isEqualTo("1");

        // Now the only server stops in order: the job must wait for the next one.
        String later = submit(survivor, "steps 300 100");
        awaitRunning(survivor, later);
        survivor.stop();
        assertThat(query(database, "select state from jobs where id = '" + later + "'"))
            .isEqualTo("queued");
        assertThat(
                query(
                    database,
                    "select count(*) from scheduled_tasks where not picked and task_instance = '"
                        + later
                        + "'"))
            .isEqualTo("1");
        await().atMost(PATIENCE).until(() -> processes("worker").isEmpty());
      } finally {
        survivor.close();
      }
    } finally {
      one.close();
    }
  }

  private static List<String> jobProperties() {
    return List.of(
        "compresso.jobs.main-class=" + TestWorker.class.getName(),
        "compresso.jobs.progress-interval=50ms");
  }

  private static String submit(ServerProcess server, String name) throws Exception {
    JsonNode model =
        server.post(
            "/v1/models?name=linear",
            "application/octet-stream",
            BodyPublishers.ofByteArray(TestModels.linear(3)));
    JsonNode job =
        server.post(
            "/v1/jobs",
            "application/json",
            BodyPublishers.ofString(
                Json.write(
                    Map.of(
                        "name",
                        name,
                        "model",
                        model.path("id").asString(),
                        "pipeline",
                        List.of(Map.of("quantize", Map.of("mode", "dynamic"))),
                        "budget",
                        Map.of("maxMemoryMb", 256)))));
    return job.path("id").asString();
  }

  private static void awaitRunning(ServerProcess server, String job) {
    await()
        .atMost(PATIENCE)
        .until(() -> server.json("/v1/jobs/" + job).path("fraction").asDouble() > 0.05);
  }

  private static JsonNode awaitEnd(ServerProcess server, String job) throws Exception {
    await()
        .atMost(PATIENCE)
        .until(() ->
            !server.json("/v1/jobs/" + job).path("finishedAt").isMissingNode()
                && !server.json("/v1/jobs/" + job).path("finishedAt").isNull());
    return server.json("/v1/jobs/" + job);
  }

  /** Processes whose command line names this test's home and the text. */
  private List<ProcessHandle> processes(String text) {
    return ProcessHandle.allProcesses()
        .filter(process -> process.info().commandLine().orElse("").contains(home.toString()))
        .filter(process -> process.info().commandLine().orElse("").contains(text))
        .toList();
  }

  private TreeSet<String> stored(ServerProcess server) throws Exception {
    TreeSet<String> digests = new TreeSet<>();
    for (JsonNode model : server.json("/v1/models").path("items")) {
      digests.add(model.path("sha256").asString());
    }
    return digests;
  }

  private TreeSet<String> blobs() throws IOException {
    TreeSet<String> digests = new TreeSet<>();
    try (Stream<Path> files = Files.walk(home.resolve("blobs"))) {
      files
          .filter(Files::isRegularFile)
          .map(file -> file.getParent().getFileName() + file.getFileName().toString())
          .filter(name -> name.matches("[0-9a-f]{64}"))
          .forEach(digests::add);
    }
    return digests;
  }

  private List<Path> inFlight() throws IOException {
    try (Stream<Path> files = Files.walk(home.resolve("work"))) {
      return files.filter(file -> file.endsWith("result.onnx")).toList();
    }
  }

  private static String query(TestDatabase.Database database, String sql) throws SQLException {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      return result.next() ? result.getString(1) : "";
    }
  }
}
