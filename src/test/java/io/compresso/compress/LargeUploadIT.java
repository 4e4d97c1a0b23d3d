package io.compresso.compress;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.testing.ServerProcess;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A data set of 2 GB through a server with a heap of 512 MB. */
@Tag("slow")
class LargeUploadIT {
  private static final int WIDTH = 1024;
  private static final int COUNT = 2048;
  private static final int PLANE = WIDTH * WIDTH;

  @TempDir Path home;

  @Test
  void dataset_comesBackUnchanged_whenItIsFarLargerThanTheHeap() throws Exception {
    Path archive = home.resolve("data.tar");
    String sha256 = write(archive);
    assertThat(Files.size(archive)).isGreaterThan(2L << 30);
    try (ServerProcess server =
        ServerProcess.start(
            home.resolve("server"),
            List.of("-Xmx512m", "-XX:+ExitOnOutOfMemoryError"),
            List.of())) {
      JsonNode dataset =
          server.post(
              "/v1/datasets?name=large", "application/x-tar", BodyPublishers.ofFile(archive));
      assertThat(dataset.path("sha256").asString()).isEqualTo(sha256);
      assertThat(dataset.path("size").asLong()).isEqualTo(Files.size(archive));
      assertThat(dataset.path("examples").asLong()).isEqualTo(COUNT);
      String file = "/v1/datasets/" + dataset.path("id").asString() + "/file";
      assertThat(download(server, file, null)).isEqualTo(sha256);
      try (ExecutorService executor = Executors.newFixedThreadPool(2)) {
        for (var digest :
            executor.invokeAll(
                List.of(() -> download(server, file, null), () -> download(server, file, null)))) {
          assertThat(digest.get()).isEqualTo(sha256);
        }
      }
      assertThat(download(server, file, "bytes=2147483648-2147483747"))
          .isEqualTo(digest(archive, 2147483648L, 100));
      assertThat(server.get("/actuator/health").statusCode()).isEqualTo(200);
    }
  }

  /** A tar of IDX images and labels; gives its digest. */
  private static String write(Path archive) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    SplittableRandom random = new SplittableRandom(1);
    byte[] noise = new byte[PLANE];
    random.nextBytes(noise);
    try (OutputStream out = new DigestOutputStream(Files.newOutputStream(archive), digest);
        TarArchiveOutputStream tar =
            new TarArchiveOutputStream(out, StandardCharsets.UTF_8.name())) {
      TarArchiveEntry images = new TarArchiveEntry("train-images-idx3-ubyte");
      images.setSize(16L + (long) COUNT * PLANE);
      tar.putArchiveEntry(images);
      tar.write(
          ByteBuffer.allocate(16).putInt(0x803).putInt(COUNT).putInt(WIDTH).putInt(WIDTH).array());
      for (int i = 0; i < COUNT; i++) {
        noise[i] ^= (byte) i;
        tar.write(noise);
      }
      tar.closeArchiveEntry();
      TarArchiveEntry labels = new TarArchiveEntry("train-labels-idx1-ubyte");
      labels.setSize(8 + COUNT);
      tar.putArchiveEntry(labels);
      byte[] classes = new byte[COUNT];
      for (int i = 0; i < COUNT; i++) {
        classes[i] = (byte) (i % 10);
      }
      tar.write(ByteBuffer.allocate(8).putInt(0x801).putInt(COUNT).array());
      tar.write(classes);
      tar.closeArchiveEntry();
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static String download(ServerProcess server, String path, String range) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(server.uri(path));
    if (range != null) {
      request.header("Range", range);
    }
    HttpResponse<InputStream> response =
        HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofInputStream());
    assertThat(response.statusCode()).isEqualTo(range == null ? 200 : 206);
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (InputStream in = new DigestInputStream(response.body(), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static String digest(Path file, long offset, int length) throws Exception {
    try (InputStream in = Files.newInputStream(file)) {
      in.skipNBytes(offset);
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(in.readNBytes(length)));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
