package io.compresso.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.web.TestServer.Answer;
import java.io.IOException;
import java.net.Socket;
import java.net.URLEncoder;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
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
  private static final String UNKNOWN = "00000000-0000-7000-8000-000000000000";

  private static String model;
  private static String data;
  private static String otherData;

  @BeforeAll
  static void upload() {
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
            "/v1/jobs", job("{\"quantize\":{\"mode\":\"dynamic\"}}"), "Idempotency-Key", "hostile");
    assertThat(job.status()).as(job.text()).isEqualTo(202);
    try {
      SERVER.await(id(job), java.time.Duration.ofMinutes(2));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  static Stream<Arguments> models() {
    return HostileModels.all().entrySet().stream()
        .map(entry -> Arguments.of(entry.getKey(), entry.getValue()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void model_isRefused(String name, HostileModels.Body body) {
    refused(422, body.mention(), () -> SERVER.upload("/v1/models?name=hostile", body.bytes()));
  }

  static Stream<Arguments> data() {
    return HostileData.all().entrySet().stream()
        .map(entry -> Arguments.of(entry.getKey(), entry.getValue()));
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
    String m = "\"model\":\"" + model + "\"";
    String calibration = "\"data\":{\"calibration\":\"" + data + "\"}";
    String quantize = "\"pipeline\":[{\"quantize\":{\"mode\":\"dynamic\"}}]";
    Map<String, String[]> all = new LinkedHashMap<>();
    all.put("nothing", new String[] {"", ""});
    all.put("cut JSON", new String[] {"{" + m, "line 1"});
    all.put("two documents", new String[] {"{} {}", ""});
    all.put("a list", new String[] {"[]", "object"});
    all.put("member given twice", new String[] {"{" + m + "," + m + "," + quantize + "}", "model"});
    all.put("unknown field", new String[] {"{" + m + "," + quantize + ",\"modell\":1}", "modell"});
    all.put(
        "unknown nested field",
        new String[] {
          "{" + m + ",\"pipeline\":[{\"quantize\":{\"weights\":{\"bitz\":8}}}]}",
          "pipeline[0].quantize.weights.bitz"
        });
    all.put("no model", new String[] {"{" + quantize + "}", "model"});
    all.put(
        "model that is no id",
        new String[] {"{\"model\":\"../../etc\"," + quantize + "}", "../../etc"});
    all.put(
        "model that does not exist",
        new String[] {"{\"model\":\"" + UNKNOWN + "\"," + quantize + "}", UNKNOWN});
    all.put("no pipeline", new String[] {"{" + m + "}", "pipeline"});
    all.put("unknown preset", new String[] {"{" + m + ",\"preset\":\"magic\"}", "preset"});
    all.put(
        "preset and pipeline",
        new String[] {"{" + m + ",\"preset\":\"no-data\"," + quantize + "}", "preset"});
    all.put(
        "unknown technique", new String[] {"{" + m + ",\"pipeline\":[{\"shrink\":{}}]}", "shrink"});
    all.put(
        "two techniques in a step",
        new String[] {"{" + m + ",\"pipeline\":[{\"quantize\":{},\"prune\":{}}]}", "pipeline[0]"});
    all.put(
        "bits that do not exist",
        new String[] {
          "{" + m + ",\"pipeline\":[{\"quantize\":{\"weights\":{\"bits\":3}}}]}", "bits"
        });
    all.put(
        "word for a number",
        new String[] {
          "{" + m + ",\"pipeline\":[{\"quantize\":{\"weights\":{\"bits\":\"many\"}}}]}", "bits"
        });
    all.put("negative seed", new String[] {"{" + m + "," + quantize + ",\"seed\":-1}", "seed"});
    all.put(
        "goal that is not a number",
        new String[] {
          "{" + m + "," + quantize + ",\"goals\":{\"accuracy\":{\"maxDrop\":NaN}}}", ""
        });
    all.put(
        "goal out of range",
        new String[] {
          "{" + m + "," + quantize + ",\"goals\":{\"accuracy\":{\"maxDrop\":7}}}", "maxDrop"
        });
    all.put(
        "budget of nothing",
        new String[] {"{" + m + "," + quantize + ",\"budget\":{\"maxMinutes\":0}}", "maxMinutes"});
    all.put(
        "static without calibration data",
        new String[] {
          "{" + m + ",\"pipeline\":[{\"quantize\":{\"mode\":\"static\"}}]}", "calibration"
        });
    all.put(
        "data that does not exist",
        new String[] {
          "{" + m + ",\"data\":{\"calibration\":\"" + UNKNOWN + "\"},\"preset\":\"balanced\"}",
          UNKNOWN
        });
    all.put(
        "data that does not fit the model",
        new String[] {
          "{" + m + ",\"data\":{\"calibration\":\"" + otherData + "\"},\"preset\":\"balanced\"}",
          "calibration"
        });
    all.put(
        "selection beyond the data",
        new String[] {
          "{"
              + m
              + ",\"data\":{\"calibration\":{\"dataset\":\""
              + data
              + "\",\"select\":{\"from\":900,\"to\":901}}},\"preset\":\"balanced\"}",
          "select"
        });
    all.put(
        "node that the model does not have",
        new String[] {
          "{"
              + m
              + ","
              + calibration
              + ",\"pipeline\":[{\"quantize\":{\"exclude\":[\"conv99\"]}}]}",
          "conv99"
        });
    all.put(
        "unknown target",
        new String[] {"{" + m + "," + quantize + ",\"target\":\"tpu\"}", "target"});
    all.put(
        "deep nesting",
        new String[] {"{\"name\":" + "[".repeat(5000) + "]".repeat(5000) + "}", ""});
    all.put("1.1 MB", new String[] {"{\"name\":\"" + "x".repeat(1_100_000) + "\"}", "larger"});
    return all.entrySet().stream()
        .map(entry -> Arguments.of(entry.getKey(), entry.getValue()[0], entry.getValue()[1]));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("jobs")
  void job_isRefused(String name, String body, String mention) {
    refused(0, mention, () -> SERVER.postJson("/v1/jobs", body));
  }

  static Stream<Arguments> requests() {
    Map<String, Object[]> all = new LinkedHashMap<>();
    all.put("broken YAML", request(400, "line", () -> yaml("model: [unclosed")));
    all.put("YAML of references to references", request(0, "", () -> yaml(laughs())));
    all.put(
        "YAML that makes an object of Java",
        request(0, "", () -> yaml("!!javax.script.ScriptEngineManager {}")));
    all.put(
        "key used with another body",
        request(
            409,
            "Idempotency-Key",
            () ->
                SERVER.postJson(
                    "/v1/jobs",
                    job("{\"quantize\":{\"mode\":\"dynamic\"}}").replace("}]}", "}],\"seed\":7}"),
                    "Idempotency-Key",
                    "hostile")));
    all.put(
        "key that is too long",
        request(
            400,
            "Idempotency-Key",
            () ->
                SERVER.postJson(
                    "/v1/jobs", job("{\"quantize\":{}}"), "Idempotency-Key", "k".repeat(300))));
    all.put(
        "misspelt parameter",
        request(
            400,
            "dryrun",
            () ->
                SERVER.postJson(
                    "/v1/jobs?dryrun=true", job("{\"quantize\":{\"mode\":\"dynamic\"}}"))));
    all.put(
        "parameter without sense",
        request(400, "dryRun", () -> SERVER.postJson("/v1/jobs?dryRun=perhaps", "{}")));
    all.put(
        "job as plain text",
        request(
            415,
            "text/plain",
            () -> SERVER.upload("/v1/jobs", DataBytes.text("{}"), "Content-Type", "text/plain")));
    all.put(
        "model as a web form's field",
        request(
            415,
            "urlencoded",
            () ->
                SERVER.upload(
                    "/v1/models",
                    new byte[8],
                    "Content-Type",
                    "application/x-www-form-urlencoded")));
    all.put(
        "media type that is none",
        request(0, "", () -> SERVER.upload("/v1/models", new byte[8], "Content-Type", "no/no/no")));
    all.put(
        "form without a boundary",
        request(
            400,
            "",
            () -> SERVER.upload("/v1/models", new byte[8], "Content-Type", "multipart/form-data")));
    all.put(
        "form that is cut",
        request(
            400,
            "",
            () ->
                form(
                    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"m\"\r\n\r\nabc")));
    all.put(
        "form without the file",
        request(
            400,
            "file",
            () ->
                form(
                    "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nabc\r\n--b--\r\n")));
    all.put(
        "name of control characters",
        request(
            400,
            "name",
            () ->
                SERVER.upload("/v1/models?name=%00%01", ModelBytes.sound().build().toByteArray())));
    all.put(
        "name of 201 characters",
        request(
            400,
            "name",
            () ->
                SERVER.upload(
                    "/v1/models?name=" + "n".repeat(201),
                    ModelBytes.sound().build().toByteArray())));
    all.put("id that is none", request(400, "id", () -> SERVER.get("/v1/models/17")));
    all.put("id that is unknown", request(404, UNKNOWN, () -> SERVER.get("/v1/jobs/" + UNKNOWN)));
    all.put(
        "report of an unknown job",
        request(404, UNKNOWN, () -> SERVER.get("/v1/jobs/" + UNKNOWN + "/report")));
    all.put(
        "events of an unknown job",
        request(404, UNKNOWN, () -> SERVER.get("/v1/jobs/" + UNKNOWN + "/events")));
    all.put(
        "cancelling an unknown job",
        request(404, UNKNOWN, () -> SERVER.postJson("/v1/jobs/" + UNKNOWN + "/cancel", "")));
    all.put(
        "deleting an unknown data set",
        request(404, UNKNOWN, () -> SERVER.delete("/v1/datasets/" + UNKNOWN)));
    all.put(
        "deleting a model in use", request(409, "", () -> SERVER.delete("/v1/models/" + model)));
    all.put(
        "cursor that is none", request(400, "cursor", () -> SERVER.get("/v1/models?cursor=!!!")));
    all.put(
        "cursor of another list",
        request(400, "cursor", () -> SERVER.get("/v1/models?cursor=" + cursor("jobs", UNKNOWN))));
    all.put(
        "cursor with a changed content",
        request(400, "", () -> SERVER.get("/v1/models?cursor=" + cursor("models", "' or 1=1"))));
    all.put("limit of 0", request(400, "limit", () -> SERVER.get("/v1/jobs?limit=0")));
    all.put(
        "limit of a billion", request(400, "limit", () -> SERVER.get("/v1/jobs?limit=1000000000")));
    all.put(
        "limit that is no number", request(400, "limit", () -> SERVER.get("/v1/jobs?limit=all")));
    all.put(
        "state that does not exist",
        request(400, "state", () -> SERVER.get("/v1/jobs?state=happy")));
    all.put(
        "event id that is none",
        request(
            400,
            "Last-Event-ID",
            () -> SERVER.get("/v1/jobs/" + UNKNOWN + "/events", "Last-Event-ID", "-5")));
    all.put(
        "range beyond the file",
        request(
            416,
            "range",
            () -> SERVER.get("/v1/models/" + model + "/file", "Range", "bytes=999999999-")));
    all.put(
        "range that is none",
        request(
            416, "Range", () -> SERVER.get("/v1/models/" + model + "/file", "Range", "bytes=9-1")));
    all.put("path that does not exist", request(404, "", () -> SERVER.get("/v1/nothing")));
    all.put(
        "path that climbs", request(0, "", () -> SERVER.get("/v1/models/..%2f..%2fetc%2fpasswd")));
    all.put("actuator that is not shown", request(404, "", () -> SERVER.get("/actuator/env")));
    all.put(
        "method that is not there",
        request(405, "PUT", () -> SERVER.send("PUT", "/v1/models", BodyPublishers.ofString("x"))));
    all.put(
        "representation that is not there",
        request(406, "", () -> SERVER.get("/v1/models", "Accept", "application/pdf")));
    all.put(
        "page of another origin",
        request(
            403,
            "origin",
            () ->
                SERVER.postJson(
                    "/v1/jobs",
                    job("{\"quantize\":{\"mode\":\"dynamic\"}}"),
                    "Origin",
                    "http://evil.example")));
    all.put(
        "page of another site",
        request(
            403,
            "origin",
            () -> SERVER.postJson("/v1/jobs", "{}", "Sec-Fetch-Site", "cross-site")));
    all.put(
        "name that is rebound to this host",
        request(
            403,
            "host",
            () -> raw("GET /v1/jobs HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")));
    all.put(
        "headers of 100 KB",
        request(
            0,
            "",
            () ->
                raw(
                    "GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\nX: "
                        + "x".repeat(100_000)
                        + "\r\nConnection: close\r\n\r\n")));
    all.put("request line that is none", request(400, "", () -> raw("HELLO\r\n\r\n")));
    all.put(
        "negative Content-Length",
        request(
            400,
            "",
            () ->
                raw(
                    "POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\nConnection: close\r\n\r\n")));
    return all.entrySet().stream()
        .map(entry ->
            Arguments.of(
                entry.getKey(), entry.getValue()[0], entry.getValue()[1], entry.getValue()[2]));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("requests")
  void request_isRefused(String name, int status, String mention, Supplier<Answer> request) {
    refused(status, mention, request);
  }

  @Test
  void problem_carriesNoInternals() {
    Set<String> fields = new TreeSet<>();
    SERVER
        .postJson("/v1/jobs", "{\"model\":\"" + UNKNOWN + "\"}")
        .json()
        .propertyNames()
        .forEach(fields::add);
    assertThat(fields)
        .contains("type", "title", "status", "detail", "instance", "code", "retryable")
        .doesNotContain("trace", "exception", "path", "timestamp");
  }

  private static Object[] request(int status, String mention, Supplier<Answer> request) {
    return new Object[] {status, mention, request};
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

  private static String job(String step) {
    return "{\"model\":\"" + model + "\",\"pipeline\":[" + step + "]}";
  }

  private static Answer yaml(String body) {
    return SERVER.upload("/v1/jobs", DataBytes.text(body), "Content-Type", "application/yaml");
  }

  private static Answer form(String body) {
    return SERVER.upload(
        "/v1/models", DataBytes.text(body), "Content-Type", "multipart/form-data; boundary=b");
  }

  /** A cursor as the server makes them. */
  private static String cursor(String list, String next) {
    return java.util.Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(DataBytes.text(list + ":" + next));
  }

  private static String laughs() {
    StringBuilder yaml = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 12; i++) {
      String last = "*a" + (i - 1);
      yaml.append("a").append(i).append(": &a").append(i).append(" [");
      yaml.append(String.join(", ", java.util.Collections.nCopies(9, last))).append("]\n");
    }
    return yaml.toString();
  }

  /** Sends bytes as they are, and reads the whole answer. */
  private static Answer raw(String request) {
    try (Socket socket = new Socket("127.0.0.1", SERVER.port())) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      String text = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int end = text.indexOf("\r\n\r\n");
      Map<String, java.util.List<String>> headers = new LinkedHashMap<>();
      String[] lines = text.substring(0, end).split("\r\n");
      for (int i = 1; i < lines.length; i++) {
        int colon = lines[i].indexOf(':');
        headers.put(
            lines[i].substring(0, colon), java.util.List.of(lines[i].substring(colon + 1).trim()));
      }
      String body = text.substring(end + 4);
      if (headers.containsKey("Transfer-Encoding")) {
        body = body.substring(body.indexOf('{'), body.lastIndexOf('}') + 1);
      }
      return new Answer(Integer.parseInt(lines[0].split(" ")[1]), headers, DataBytes.text(body));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String id(Answer answer) {
    assertThat(answer.status()).as(answer.text()).isBetween(200, 299);
    return UUID.fromString(answer.json().path("id").asString()).toString();
  }
}
