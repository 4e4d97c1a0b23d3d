package io.compresso.web;

import io.compresso.CompressoService;
import io.compresso.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One service for all tests of the public API, and a client that knows nothing of its code. */
public final class TestServer {
  public static final JsonMapper JSON = JsonMapper.builder().build();
  private static final TestServer INSTANCE = new TestServer();

  private final ConfigurableApplicationContext context;
  private final TestDatabase.Database database;
  private final Path home;
  private final HttpClient client = HttpClient.newHttpClient();

  private TestServer() {
    try {
      home = Files.createTempDirectory("compresso-web");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    database = TestDatabase.create();
    List<String> properties = new ArrayList<>(database.properties());
    properties.add("compresso.home=" + home);
    properties.add("server.port=0");
    context =
        CompressoService.start(
            properties.stream().map(property -> "--" + property).toArray(String[]::new));
  }

  public static TestServer get() {
    return INSTANCE;
  }

  public Path home() {
    return home;
  }

  public TestDatabase.Database database() {
    return database;
  }

  public int port() {
    return Integer.parseInt(context.getEnvironment().getRequiredProperty("local.server.port"));
  }

  public URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port()).resolve(path);
  }

  /** An answer, its body read. */
  public record Answer(int status, Map<String, List<String>> headers, byte[] body) {
    public String text() {
      return new String(body, StandardCharsets.UTF_8);
    }

    public JsonNode json() {
      return JSON.readTree(body);
    }

    public String header(String name) {
      return headers.entrySet().stream()
          .filter(entry -> entry.getKey().equalsIgnoreCase(name))
          .map(entry -> entry.getValue().getFirst())
          .findFirst()
          .orElse("");
    }
  }

  /** Sends a request; {@code headers} are names and values in turn. */
  public Answer send(String method, String path, BodyPublisher body, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri(path)).timeout(Duration.ofMinutes(5)).method(method, body);
    if (headers.length > 0) {
      request.headers(headers);
    }
    try {
      HttpResponse<byte[]> response = client.send(request.build(), BodyHandlers.ofByteArray());
      return new Answer(response.statusCode(), response.headers().map(), response.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  public Answer get(String path, String... headers) {
    return send("GET", path, BodyPublishers.noBody(), headers);
  }

  public Answer delete(String path) {
    return send("DELETE", path, BodyPublishers.noBody());
  }

  public Answer postJson(String path, String json, String... headers) {
    List<String> all = new ArrayList<>(List.of(headers));
    all.addAll(List.of("Content-Type", "application/json"));
    return send("POST", path, BodyPublishers.ofString(json), all.toArray(String[]::new));
  }

  /** Uploads bytes as a raw body. */
  public Answer upload(String path, byte[] content, String... headers) {
    List<String> all = new ArrayList<>(List.of(headers));
    if (!all.contains("Content-Type")) {
      all.addAll(List.of("Content-Type", "application/octet-stream"));
    }
    return send("POST", path, BodyPublishers.ofByteArray(content), all.toArray(String[]::new));
  }

  /** Opens a stream of an answer's body. */
  public HttpResponse<InputStream> stream(String path, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri(path)).GET();
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), BodyHandlers.ofInputStream());
  }

  /** Waits until a job has ended; gives the job. */
  public JsonNode await(String id, Duration limit) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      JsonNode job = get("/v1/jobs/" + id).json();
      String state = job.path("state").asString();
      if (!state.equals("queued") && !state.equals("running")) {
        return job;
      }
      if (System.nanoTime() > deadline) {
        throw new AssertionError("job " + id + " is still " + job);
      }
      Thread.sleep(100);
    }
  }
}
