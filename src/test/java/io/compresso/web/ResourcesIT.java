package io.compresso.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.web.TestServer.Answer;
import io.compresso.web.api.ReportResource;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The resources' behaviour: uploads, downloads in ranges, lists, submissions, events, pages. */
class ResourcesIT {
  private static final TestServer SERVER = TestServer.get();
  private static final byte[] MODEL =
      ModelBytes.sound().setProducerName("resources").build().toByteArray();

  private static String model;
  private static String data;

  @BeforeAll
  static void upload() {
    model = SERVER.upload("/v1/models?name=resources", MODEL).json().path("id").asString();
    data =
        SERVER
            .upload("/v1/datasets?name=resources", DataBytes.mnist(30, 30, 3))
            .json()
            .path("id")
            .asString();
  }

  @Test
  void model_isDescribed_whenUploaded() throws Exception {
    Answer answer = SERVER.upload("/v1/models?name=once%20more", MODEL);
    assertThat(answer.status()).isEqualTo(201);
    JsonNode made = answer.json();
    assertThat(answer.header("Location")).isEqualTo("/v1/models/" + made.path("id").asString());
    assertThat(made.path("name").asString()).isEqualTo("once more");
    assertThat(made.path("sha256").asString())
        .isEqualTo(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(MODEL)));
    assertThat(made.path("operators").path("MatMul").asInt()).isEqualTo(1);
    assertThat(made.path("inputs").get(0).path("name").asString()).isEqualTo("x");
    assertThat(SERVER.get(answer.header("Location")).json()).isEqualTo(made);
    assertThat(SERVER.delete(answer.header("Location")).status()).isEqualTo(204);
    assertThat(SERVER.get(answer.header("Location")).status()).isEqualTo(404);
  }

  @Test
  void form_isTakenAsTheRawBodyIs() {
    String head =
        "--b\r\nContent-Disposition: form-data; name=\"spec\"\r\n\r\n{\"format\":\"idx\"}\r\n"
            + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"dir/train.data.zip\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n";
    byte[] zip = DataBytes.mnist(12, 12, 3);
    byte[] start = head.getBytes(StandardCharsets.ISO_8859_1);
    byte[] end = "\r\n--b--\r\n".getBytes(StandardCharsets.ISO_8859_1);
    byte[] body = Arrays.copyOf(start, start.length + zip.length + end.length);
    System.arraycopy(zip, 0, body, start.length, zip.length);
    System.arraycopy(end, 0, body, start.length + zip.length, end.length);
    Answer answer =
        SERVER.upload("/v1/datasets", body, "Content-Type", "multipart/form-data; boundary=b");
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
    assertThat(answer.json().path("name").asString()).isEqualTo("train");
    assertThat(answer.json().path("spec").path("format").asString()).isEqualTo("idx");
    assertThat(answer.json().path("examples").asInt()).isEqualTo(12);
  }

  @Test
  void header_declaresADataset() {
    Answer answer =
        SERVER.upload(
            "/v1/datasets",
            DataBytes.text("a,b,kind\n1,2,x\n3,4,y\n"),
            "Content-Type",
            "text/csv",
            "Dataset-Spec",
            "{\"label\":\"kind\"}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
    assertThat(answer.json().path("classes").path("x").asInt()).isEqualTo(1);
  }

  @Test
  void advice_namesTechniquesThatAJobTakes() {
    String path = "/v1/models/" + model + "/advice";
    Answer answer = SERVER.get(path + "?target=arm64-dotprod");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    JsonNode advice = answer.json();
    assertThat(advice.path("target").asString()).isEqualTo("arm64-dotprod");
    assertThat(advice.path("profile").path("kind").asString()).isEqualTo("dense");
    JsonNode first = advice.path("recommendations").get(0);
    assertThat(first.path("step").has("quantize")).isTrue();
    assertThat(first.path("expected").path("sizeRatio").asDouble()).isBetween(0.0, 1.0);

    assertThat(SERVER.get(path + "?target=mips").status()).isEqualTo(422);
    assertThat(SERVER.get(path + "?dataset=" + model).status()).isEqualTo(404);
  }

  @Test
  void file_isGivenWholeAndInRanges() {
    String path = "/v1/models/" + model + "/file";
    Answer whole = SERVER.get(path);
    assertThat(whole.status()).isEqualTo(200);
    assertThat(whole.body()).isEqualTo(MODEL);
    assertThat(whole.header("Accept-Ranges")).isEqualTo("bytes");
    assertThat(whole.header("Content-Disposition")).contains("resources.onnx");
    String tag = whole.header("ETag");
    assertThat(tag).startsWith("\"").endsWith("\"");

    Answer middle = SERVER.get(path, "Range", "bytes=10-19");
    assertThat(middle.status()).isEqualTo(206);
    assertThat(middle.body()).isEqualTo(Arrays.copyOfRange(MODEL, 10, 20));
    assertThat(middle.header("Content-Range")).isEqualTo("bytes 10-19/" + MODEL.length);
    Answer tail = SERVER.get(path, "Range", "bytes=-5");
    assertThat(tail.body()).isEqualTo(Arrays.copyOfRange(MODEL, MODEL.length - 5, MODEL.length));
    Answer rest = SERVER.get(path, "Range", "bytes=100-", "If-Range", tag);
    assertThat(rest.body()).isEqualTo(Arrays.copyOfRange(MODEL, 100, MODEL.length));
    assertThat(SERVER.get(path, "Range", "bytes=100-", "If-Range", "\"other\"").status())
        .isEqualTo(200);
    assertThat(SERVER.get(path, "Range", "bytes=0-1,5-6").body()).isEqualTo(MODEL);
    Answer beyond = SERVER.get(path, "Range", "bytes=" + MODEL.length + "-");
    assertThat(beyond.status()).isEqualTo(416);
    assertThat(beyond.header("Content-Range")).isEqualTo("bytes */" + MODEL.length);

    assertThat(SERVER.get(path, "If-None-Match", tag).status()).isEqualTo(304);
    assertThat(SERVER.get(path, "If-None-Match", "\"other\", W/" + tag).status()).isEqualTo(304);
    assertThat(SERVER.get(path, "If-None-Match", "\"other\"").status()).isEqualTo(200);
    Answer head = SERVER.send("HEAD", path, java.net.http.HttpRequest.BodyPublishers.noBody());
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.header("Content-Length")).isEqualTo(Integer.toString(MODEL.length));
  }

  @Test
  void list_isWalkedByCursors() {
    for (int i = 0; i < 3; i++) {
      SERVER.upload("/v1/models?name=walk" + i, MODEL);
    }
    List<String> all = ids(SERVER.get("/v1/models?limit=200").json());
    List<String> walked = new ArrayList<>();
    String path = "/v1/models?limit=2";
    while (!path.isEmpty()) {
      Answer page = SERVER.get(path);
      walked.addAll(ids(page.json()));
      String next = page.json().path("next").asString("");
      assertThat(page.header("Link").contains("rel=\"next\"")).isEqualTo(!next.isEmpty());
      path = next.isEmpty() ? "" : "/v1/models?limit=2&cursor=" + next;
    }
    assertThat(walked).containsExactlyElementsOf(all).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @ValueSource(strings = {"application/json", "application/yaml"})
  void job_isSubmittedOnceForAKey(String type) throws Exception {
    String body =
        type.endsWith("json")
            ? "{\"model\":\"" + model + "\",\"pipeline\":[{\"quantize\":{\"mode\":\"dynamic\"}}]}"
            : "model: " + model + "\npipeline:\n  - quantize: {mode: dynamic}\n";
    String key = "once-" + type;
    Answer first =
        SERVER.upload(
            "/v1/jobs", DataBytes.text(body), "Content-Type", type, "Idempotency-Key", key);
    assertThat(first.status()).as(first.text()).isEqualTo(202);
    String id = first.json().path("id").asString();
    assertThat(first.header("Location")).isEqualTo("/v1/jobs/" + id);
    assertThat(first.header("Idempotency-Replayed")).isEmpty();
    Answer again =
        SERVER.upload(
            "/v1/jobs", DataBytes.text(body), "Content-Type", type, "Idempotency-Key", key);
    assertThat(again.status()).isEqualTo(202);
    assertThat(again.json().path("id").asString()).isEqualTo(id);
    assertThat(again.header("Idempotency-Replayed")).isEqualTo("true");
    SERVER.await(id, Duration.ofMinutes(2));
  }

  @Test
  void dryRun_storesNothing() {
    int before = SERVER.get("/v1/jobs?limit=200").json().path("items").size();
    Answer answer =
        SERVER.postJson(
            "/v1/jobs?dryRun=true",
            "{\"model\":\""
                + model
                + "\",\"data\":{\"calibration\":\""
                + data
                + "\"},\"preset\":\"balanced\"}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.json().path("technique").asString()).isEqualTo("quantize");
    assertThat(answer.json().path("estimatedBytes").asLong()).isPositive();
    assertThat(answer.json().path("spec").path("seed").asInt()).isEqualTo(42);
    assertThat(SERVER.get("/v1/jobs?limit=200").json().path("items").size()).isEqualTo(before);
  }

  @Test
  void report_hasTheDocumentedFields() throws Exception {
    String id =
        SERVER
            .postJson(
                "/v1/jobs",
                "{\"model\":\""
                    + model
                    + "\",\"data\":{\"calibration\":\""
                    + data
                    + "\",\"eval\":\""
                    + data
                    + "\"},\"preset\":\"balanced\"}")
            .json()
            .path("id")
            .asString();
    JsonNode job = SERVER.await(id, Duration.ofMinutes(2));
    assertThat(job.path("state").asString()).as(job.toString()).isEqualTo("succeeded");
    ReportResource report =
        JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build()
            .readValue(SERVER.get("/v1/jobs/" + id + "/report").body(), ReportResource.class);
    assertThat(report.size().parent()).isEqualTo(MODEL.length);
    assertThat(report.layers()).isNotEmpty();
    Answer page = SERVER.get("/jobs/" + id, "Accept", "text/html");
    assertThat(page.status()).isEqualTo(200);
    assertThat(page.text())
        .contains(report.verdict().result(), "id=\"sqnr\"", "download")
        .contains("href=\"/v1/jobs/" + id + "/report\"");
    reportIsInThreeForms("/v1/jobs/" + id + "/report", report);
    adviceKnowsWhatTheJobMeasured(id);
  }

  private static void reportIsInThreeForms(String path, ReportResource report) {
    Answer page =
        SERVER.get(
            path, "Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    assertThat(page.status()).as(page.text()).isEqualTo(200);
    assertThat(page.header("Content-Type")).isEqualTo("text/html;charset=UTF-8");
    assertThat(page.header("Content-Security-Policy"))
        .contains("default-src 'none'", "sandbox")
        .doesNotContain("script-src");
    assertThat(page.headers().get("vary").toString()).containsPattern("(?i)\\baccept\\b(?!-)");
    assertThat(page.text())
        .startsWith("<!DOCTYPE html>")
        .contains("aria-labelledby=\"layer-error-title")
        .contains("aria-labelledby=\"operator-nodes-title", "aria-labelledby=\"weights-0-title")
        .contains("aria-labelledby=\"variants-size-title", report.layers().getFirst().node());
    Answer text = SERVER.get(path, "Accept", "text/markdown");
    assertThat(text.header("Content-Type")).isEqualTo("text/markdown;charset=UTF-8");
    assertThat(text.text()).contains("## Layers");
    for (String any : new String[] {"*/*", "application/*", "text/html;q=0.5, application/json"}) {
      assertThat(SERVER.get(path, "Accept", any).header("Content-Type"))
          .as(any)
          .startsWith("application/json");
    }
    assertThat(SERVER.get(path, "Accept", "image/png").status()).isEqualTo(406);
    String missing = path.replaceFirst("/jobs/.{8}", "/jobs/00000000");
    assertThat(SERVER.get(missing, "Accept", "text/html").status()).isEqualTo(404);
  }

  private static void adviceKnowsWhatTheJobMeasured(String job) {
    JsonNode outcomes = SERVER.get("/v1/models/" + model + "/advice").json().path("outcomes");
    assertThat(outcomes)
        .filteredOn(row -> row.path("job").asString().equals(job))
        .extracting(row -> row.path("quantity").asString())
        .containsExactly("size", "speedup");
    assertThat(outcomes)
        .allSatisfy(row -> {
          assertThat(row.path("measured").asDouble()).isPositive();
          assertThat(row.path("ratio").asDouble()).isPositive();
        });
  }

  @Test
  void report_showsNodeNamesAsText_whateverTheyAre() throws Exception {
    String hostile = "</title><script>alert('1')</script>\u0000\u0007\u202e\"&amp;";
    byte[] bytes =
        ModelBytes.with(graph -> graph.getNodeBuilder(1).setName(hostile).setOpType("MatMul"));
    Answer uploaded = SERVER.upload("/v1/models", bytes);
    assertThat(uploaded.status()).as(uploaded.text()).isEqualTo(201);
    String id =
        SERVER
            .postJson(
                "/v1/jobs",
                "{\"name\":\"<b>&\",\"model\":\""
                    + uploaded.json().path("id").asString()
                    + "\",\"pipeline\":[{\"quantize\":{\"mode\":\"dynamic\"}}]}")
            .json()
            .path("id")
            .asString();
    JsonNode job = SERVER.await(id, Duration.ofMinutes(2));
    assertThat(job.path("state").asString()).as(job.toString()).isEqualTo("succeeded");
    String page = SERVER.get("/v1/jobs/" + id + "/report", "Accept", "text/html").text();
    assertThat(page)
        .contains("<h1>&lt;b&gt;&amp;</h1>", "&lt;/title&gt;&lt;script&gt;alert(&#39;1&#39;)")
        .doesNotContain("<script", "\u0000", "\u0007");
  }

  @Test
  void events_goOnAfterTheLastThatTheClientHas() throws Exception {
    String id =
        SERVER
            .postJson(
                "/v1/jobs",
                "{\"model\":\""
                    + model
                    + "\",\"pipeline\":[{\"quantize\":{\"mode\":\"dynamic\"}}]}")
            .json()
            .path("id")
            .asString();
    List<String> lines = events(id);
    assertThat(lines).first().asString().startsWith("id:");
    assertThat(lines).contains("event:state", "event:end");
    List<String> ids = lines.stream().filter(line -> line.startsWith("id:")).toList();
    assertThat(ids).doesNotHaveDuplicates();
    List<String> rest = events(id, "Last-Event-ID", ids.getFirst().substring(3));
    assertThat(rest.stream().filter(line -> line.startsWith("id:")))
        .containsExactlyElementsOf(ids.subList(1, ids.size()));
    assertThat(SERVER.postJson("/v1/jobs/" + id + "/cancel", "").status()).isEqualTo(409);
    assertThat(SERVER.get("/v1/jobs/" + id + "/logs").status()).isEqualTo(200);
    assertThat(SERVER.delete("/v1/jobs/" + id).status()).isEqualTo(204);
    assertThat(SERVER.get("/v1/jobs/" + id).status()).isEqualTo(404);
  }

  @Test
  void catalogue_listsSchemasAndTargets() {
    JsonNode quantize = SERVER.get("/v1/techniques/quantize").json();
    assertThat(quantize.path("schema").path("properties").path("mode").path("enum").size())
        .isEqualTo(5);
    assertThat(SERVER.get("/v1/targets").json().path("items").isArray()).isTrue();
    assertThat(SERVER.get("/v1/targets/none").status()).isEqualTo(404);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/models", "/datasets", "/new", "/?state=failed", "/fragments/jobs"})
  void page_hasNoInlineScriptOrStyle(String path) {
    Answer page = SERVER.get(path, "Accept", "text/html");
    assertThat(page.status()).as(page.text()).isEqualTo(200);
    assertThat(page.text()).doesNotContain("style=\"", "<style", "onclick=", "javascript:");
    assertThat(page.text().replaceAll("<script src=\"[^\"]+\" defer></script>", ""))
        .doesNotContain("<script");
    assertThat(page.header("Content-Security-Policy")).contains("script-src 'self'");
    assertThat(page.header("X-Frame-Options")).isEqualTo("DENY");
  }

  @Test
  void page_loadsWhatItNames() {
    String page = SERVER.get("/").text();
    java.util.regex.Matcher names =
        java.util.regex.Pattern.compile("(?:src|href)=\"(/[^\"]+\\.(?:js|css|svg))\"")
            .matcher(page);
    int found = 0;
    while (names.find()) {
      assertThat(SERVER.get(names.group(1)).status()).as(names.group(1)).isEqualTo(200);
      found++;
    }
    assertThat(found).isGreaterThanOrEqualTo(6);
  }

  @Test
  void errorPage_isShownToABrowser() {
    Answer page = SERVER.get("/nothing", "Accept", "text/html,*/*");
    assertThat(page.status()).isEqualTo(404);
    assertThat(page.header("Content-Type")).startsWith("text/html");
    assertThat(page.text()).contains("There is no such resource");
  }

  @Test
  void jobForm_submitsAndNamesWhatIsWrong() throws Exception {
    String form = "technique=quantize&p.mode=dynamic&p.weights.bits=8&name=from+the+form&model=";
    Answer refused =
        SERVER.upload(
            "/new",
            DataBytes.text(form + "none"),
            "Content-Type",
            "application/x-www-form-urlencoded");
    assertThat(refused.status()).isEqualTo(422);
    assertThat(refused.text()).contains("role=\"alert\"", "&#39;none&#39; is not an id");
    Answer accepted =
        SERVER.upload(
            "/new",
            DataBytes.text(form + model),
            "Content-Type",
            "application/x-www-form-urlencoded");
    assertThat(accepted.status()).as(accepted.text()).isEqualTo(302);
    Answer page = SERVER.get(accepted.header("Location"));
    assertThat(page.status()).isEqualTo(200);
    assertThat(page.text()).contains("from the form");
    String location = accepted.header("Location");
    SERVER.await(location.substring(location.lastIndexOf('/') + 1), Duration.ofMinutes(2));
  }

  @Test
  void actuator_showsHealthAndMetricsOnly() {
    assertThat(SERVER.get("/actuator/health").text()).contains("UP");
    assertThat(SERVER.get("/actuator/prometheus").text()).contains("jvm_memory_used_bytes");
    assertThat(SERVER.get("/actuator/metrics").status()).isEqualTo(404);
    assertThat(SERVER.get("/actuator/heapdump").status()).isEqualTo(404);
  }

  private static List<String> ids(JsonNode page) {
    return page.path("items").valueStream().map(item -> item.path("id").asString()).toList();
  }

  /** The lines of a job's events until the stream ends. */
  private static List<String> events(String id, String... headers) throws Exception {
    HttpResponse<InputStream> response = SERVER.stream("/v1/jobs/" + id + "/events", headers);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type").orElse(""))
        .startsWith("text/event-stream");
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
      return reader.lines().filter(line -> !line.isEmpty()).toList();
    }
  }
}
