package io.compresso.web;

import static io.compresso.web.HostileJobs.UNKNOWN;

import io.compresso.web.TestServer.Answer;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Requests that must be refused, whatever they are about. */
final class HostileRequests {
  /** The key with which the job of {@link #DYNAMIC} on the model was submitted. */
  static final String USED_KEY = "hostile";

  /** A sound step of a job. */
  static final String DYNAMIC = "{\"quantize\":{\"mode\":\"dynamic\"}}";

  private final TestServer server;
  private final String model;

  /**
   * @param model the id of a sound model that a job uses
   */
  HostileRequests(TestServer server, String model) {
    this.server = server;
    this.model = model;
  }

  /**
   * What is sent.
   *
   * @param status of the answer; 0 when any that blames the client will do
   * @param mention a word of the problem's detail; empty when any will do
   */
  record Request(int status, String mention, Supplier<Answer> answer) {}

  Map<String, Request> all() {
    Map<String, Request> all = new LinkedHashMap<>();
    all.put("broken YAML", new Request(400, "line", () -> yaml("model: [unclosed")));
    all.put("YAML of references to references", new Request(0, "", () -> yaml(laughs())));
    all.put(
        "YAML that makes an object of Java",
        new Request(0, "", () -> yaml("!!javax.script.ScriptEngineManager {}")));
    all.put(
        "key used with another body",
        new Request(
            409,
            "Idempotency-Key",
            () ->
                server.postJson(
                    "/v1/jobs",
                    job(DYNAMIC).replace("}]}", "}],\"seed\":7}"),
                    "Idempotency-Key",
                    USED_KEY)));
    all.put(
        "key that is too long",
        new Request(
            400,
            "Idempotency-Key",
            () ->
                server.postJson(
                    "/v1/jobs", job("{\"quantize\":{}}"), "Idempotency-Key", "k".repeat(300))));
    all.put(
        "misspelt parameter",
        new Request(400, "dryrun", () -> server.postJson("/v1/jobs?dryrun=true", job(DYNAMIC))));
    all.put(
        "parameter without sense",
        new Request(400, "dryRun", () -> server.postJson("/v1/jobs?dryRun=perhaps", "{}")));
    all.put(
        "job as plain text",
        new Request(
            415,
            "text/plain",
            () -> server.upload("/v1/jobs", DataBytes.text("{}"), "Content-Type", "text/plain")));
    all.put(
        "model as a web form's field",
        new Request(
            415,
            "urlencoded",
            () ->
                server.upload(
                    "/v1/models",
                    new byte[8],
                    "Content-Type",
                    "application/x-www-form-urlencoded")));
    all.put(
        "media type that is none",
        new Request(
            0, "", () -> server.upload("/v1/models", new byte[8], "Content-Type", "no/no/no")));
    all.put(
        "form without a boundary",
        new Request(
            400,
            "",
            () -> server.upload("/v1/models", new byte[8], "Content-Type", "multipart/form-data")));
    all.put(
        "form that is cut",
        new Request(
            400,
            "",
            () ->
                form(
                    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"m\"\r\n\r\nabc")));
    all.put(
        "form without the file",
        new Request(
            400,
            "file",
            () ->
                form(
                    "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nabc\r\n--b--\r\n")));
    all.put(
        "name of control characters",
        new Request(
            400,
            "name",
            () ->
                server.upload("/v1/models?name=%00%01", ModelBytes.sound().build().toByteArray())));
    all.put(
        "name of 201 characters",
        new Request(
            400,
            "name",
            () ->
                server.upload(
                    "/v1/models?name=" + "n".repeat(201),
                    ModelBytes.sound().build().toByteArray())));
    all.put("id that is none", new Request(400, "id", () -> server.get("/v1/models/17")));
    all.put(
        "id that is unknown", new Request(404, UNKNOWN, () -> server.get("/v1/jobs/" + UNKNOWN)));
    all.put(
        "report of an unknown job",
        new Request(404, UNKNOWN, () -> server.get("/v1/jobs/" + UNKNOWN + "/report")));
    all.put(
        "events of an unknown job",
        new Request(404, UNKNOWN, () -> server.get("/v1/jobs/" + UNKNOWN + "/events")));
    all.put(
        "cancelling an unknown job",
        new Request(404, UNKNOWN, () -> server.postJson("/v1/jobs/" + UNKNOWN + "/cancel", "")));
    all.put(
        "deleting an unknown data set",
        new Request(404, UNKNOWN, () -> server.delete("/v1/datasets/" + UNKNOWN)));
    all.put(
        "deleting a model in use",
        new Request(409, "", () -> server.delete("/v1/models/" + model)));
    all.put(
        "cursor that is none",
        new Request(400, "cursor", () -> server.get("/v1/models?cursor=!!!")));
    all.put(
        "cursor of another list",
        new Request(
            400, "cursor", () -> server.get("/v1/models?cursor=" + cursor("jobs", UNKNOWN))));
    all.put(
        "cursor with a changed content",
        new Request(
            400, "", () -> server.get("/v1/models?cursor=" + cursor("models", "' or 1=1"))));
    all.put("limit of 0", new Request(400, "limit", () -> server.get("/v1/jobs?limit=0")));
    all.put(
        "limit of a billion",
        new Request(400, "limit", () -> server.get("/v1/jobs?limit=1000000000")));
    all.put(
        "limit that is no number",
        new Request(400, "limit", () -> server.get("/v1/jobs?limit=all")));
    all.put(
        "state that does not exist",
        new Request(400, "state", () -> server.get("/v1/jobs?state=happy")));
    all.put(
        "event id that is none",
        new Request(
            400,
            "Last-Event-ID",
            () -> server.get("/v1/jobs/" + UNKNOWN + "/events", "Last-Event-ID", "-5")));
    all.put(
        "range beyond the file",
        new Request(
            416,
            "range",
            () -> server.get("/v1/models/" + model + "/file", "Range", "bytes=999999999-")));
    all.put(
        "range that is none",
        new Request(
            416, "Range", () -> server.get("/v1/models/" + model + "/file", "Range", "bytes=9-1")));
    all.put("path that does not exist", new Request(404, "", () -> server.get("/v1/nothing")));
    all.put(
        "path that climbs",
        new Request(0, "", () -> server.get("/v1/models/..%2f..%2fetc%2fpasswd")));
    all.put("actuator that is not shown", new Request(404, "", () -> server.get("/actuator/env")));
    all.put(
        "method that is not there",
        new Request(
            405, "PUT", () -> server.send("PUT", "/v1/models", BodyPublishers.ofString("x"))));
    all.put(
        "representation that is not there",
        new Request(406, "", () -> server.get("/v1/models", "Accept", "application/pdf")));
    all.put(
        "page of another origin",
        new Request(
            403,
            "origin",
            () -> server.postJson("/v1/jobs", job(DYNAMIC), "Origin", "http://evil.example")));
    all.put(
        "page of another site",
        new Request(
            403,
            "origin",
            () -> server.postJson("/v1/jobs", "{}", "Sec-Fetch-Site", "cross-site")));
    all.put(
        "name that is rebound to this host",
        new Request(
            403,
            "host",
            () -> raw("GET /v1/jobs HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")));
    all.put(
        "headers of 100 KB",
        new Request(
            0,
            "",
            () ->
                raw(
                    "GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\nX: "
                        + "x".repeat(100_000)
                        + "\r\nConnection: close\r\n\r\n")));
    all.put("request line that is none", new Request(400, "", () -> raw("HELLO\r\n\r\n")));
    all.put(
        "negative Content-Length",
        new Request(
            400,
            "",
            () ->
                raw(
                    "POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\nConnection: close\r\n\r\n")));
    return all;
  }

  private String job(String step) {
    return job(model, step);
  }

  /** A job on the model, of one step. */
  static String job(String model, String step) {
    return "{\"model\":\"" + model + "\",\"pipeline\":[" + step + "]}";
  }

  private Answer yaml(String body) {
    return server.upload("/v1/jobs", DataBytes.text(body), "Content-Type", "application/yaml");
  }

  private Answer form(String body) {
    return server.upload(
        "/v1/models", DataBytes.text(body), "Content-Type", "multipart/form-data; boundary=b");
  }

  /** A cursor as the server makes them. */
  private static String cursor(String list, String next) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(DataBytes.text(list + ":" + next));
  }

  private static String laughs() {
    StringBuilder yaml = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 12; i++) {
      String last = "*a" + (i - 1);
      yaml.append("a").append(i).append(": &a").append(i).append(" [");
      yaml.append(String.join(", ", Collections.nCopies(9, last))).append("]\n");
    }
    return yaml.toString();
  }

  /** Sends bytes as they are, and reads the whole answer. */
  private Answer raw(String request) {
    try (Socket socket = new Socket("127.0.0.1", server.port())) {
      socket.setSoTimeout(60_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      String text = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int end = text.indexOf("\r\n\r\n");
      Map<String, List<String>> headers = new LinkedHashMap<>();
      String[] lines = text.substring(0, end).split("\r\n");
      for (int i = 1; i < lines.length; i++) {
        int colon = lines[i].indexOf(':');
        headers.put(lines[i].substring(0, colon), List.of(lines[i].substring(colon + 1).trim()));
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
}
