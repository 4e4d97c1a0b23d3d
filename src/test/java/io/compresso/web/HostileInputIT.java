package io.compresso.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.web.TestServer.Answer;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * Hostile input through the public API: every one gets a 4xx problem that names what is wrong,
 * stores nothing, and leaves a server that answers.
 */
class HostileInputIT {
  private static final TestServer SERVER = TestServer.get();

  private static String model;
  private static String data;
  private static String otherData;

  @BeforeAll
  static void upload() throws InterruptedException {
    model = id(SERVER.upload("/v1/models?name=sound", ModelBytes.sound().build().toByteArray()));
    data = id(SERVER.upload("/v1/datasets?name=small", DataBytes.mnist(20, 20, 3)));
    otherData =
        id(
            SERVER.upload(
                "/v1/datasets?name=table",
                DataBytes.text("a,b,label\n1,2,x\n3,4,y\n5,6,x\n"),
                "Content-Type",
                "text/csv"));
    Answer job =
        SERVER.postJson(
            "/v1/jobs",
            HostileRequests.job(model, HostileRequests.DYNAMIC),
            "Idempotency-Key",
            HostileRequests.USED_KEY);
    assertThat(job.status()).as(job.text()).isEqualTo(202);
    SERVER.await(id(job), Duration.ofMinutes(2));
  }

  static Stream<Arguments> models() {
    return named(HostileModels.all());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void model_isRefused(String name, HostileModels.Body body) {
    refused(422, body.mention(), () -> SERVER.upload("/v1/models?name=hostile", body.bytes()));
  }

  static Stream<Arguments> data() {
    return named(HostileData.all());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("data")
  void dataset_isRefused(String name, HostileData.Body body) {
    String spec = URLEncoder.encode(body.spec(), StandardCharsets.UTF_8);
    refused(
        0,
        body.mention(),
        () -> SERVER.upload("/v1/datasets?name=hostile&spec=" + spec, body.bytes()));
  }

  static Stream<Arguments> jobs() {
    return named(HostileJobs.all(model, data, otherData));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("jobs")
  void job_isRefused(String name, HostileJobs.Body body) {
    refused(0, body.mention(), () -> SERVER.postJson("/v1/jobs", body.json()));
  }

  static Stream<Arguments> requests() {
    return named(new HostileRequests(SERVER, model).all());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("requests")
  void request_isRefused(String name, HostileRequests.Request request) {
    refused(request.status(), request.mention(), request.answer());
  }

  private static Stream<Arguments> named(Map<String, ?> all) {
    return all.entrySet().stream().map(entry -> Arguments.of(entry.getKey(), entry.getValue()));
  }

  @Test
  void problem_carriesNoInternals() {
    Set<String> fields = new TreeSet<>();
    SERVER
        .postJson("/v1/jobs", "{\"model\":\"" + HostileJobs.UNKNOWN + "\"}")
        .json()
        .propertyNames()
        .forEach(fields::add);
    assertThat(fields)
        .contains("type", "title", "status", "detail", "instance", "code", "retryable")
        .doesNotContain("trace", "exception", "path", "timestamp");
  }

  private static void refused(int status, String mention, Supplier<Answer> request) {
    Map<String, Long> before = stored();
    Answer answer = request.get();
    assertThat(answer.status()).as(answer.text()).isBetween(400, 499);
    if (status != 0) {
      assertThat(answer.status()).as(answer.text()).isEqualTo(status);
    }
    assertThat(answer.header("Content-Type")).startsWith("application/problem+json");
    JsonNode problem = answer.json();
    assertThat(problem.path("status").asInt()).isEqualTo(answer.status());
    assertThat(problem.path("code").asString()).isNotBlank();
    assertThat(problem.path("title").asString()).isNotBlank();
    assertThat(problem.path("detail").asString()).isNotBlank();
    assertThat(problem.path("type").asString()).startsWith("urn:compresso:problem:");
    assertThat(answer.text().toLowerCase(Locale.ROOT))
        .contains(mention.toLowerCase(Locale.ROOT))
        .doesNotContain("io.compresso", "java.lang", SERVER.home().toString());
    assertThat(stored()).isEqualTo(before);
    assertThat(SERVER.get("/v1/models?limit=1").status()).isEqualTo(200);
  }

  /** Rows by table, and files of the blob store. */
  private static Map<String, Long> stored() {
    Map<String, Long> counts = new LinkedHashMap<>();
    try (Connection connection = SERVER.database().connect();
        Statement statement = connection.createStatement()) {
      for (String table : new String[] {"blobs", "models", "datasets", "jobs"}) {
        try (ResultSet rows = statement.executeQuery("select count(*) from " + table)) {
          rows.next();
          counts.put(table, rows.getLong(1));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    try (Stream<Path> files = Files.walk(SERVER.home().resolve("blobs"))) {
      counts.put("files", files.filter(Files::isRegularFile).count());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return counts;
  }

  private static String id(Answer answer) {
    assertThat(answer.status()).as(answer.text()).isBetween(200, 299);
    return UUID.fromString(answer.json().path("id").asString()).toString();
  }
}
