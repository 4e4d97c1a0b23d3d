package io.compresso.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.ServiceContext;
import io.compresso.TestDatabase;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.transaction.support.TransactionTemplate;

class BlobsIT {
  @TempDir static Path home;
  private static ConfigurableApplicationContext service;
  private static BlobStore store;
  private static Blobs blobs;
  private static ModelRepository models;
  private static References references;
  private static TransactionTemplate transactions;

  @BeforeAll
  static void start() {
    service = ServiceContext.start(TestDatabase.create(), home, "compresso.sweep-interval=1h");
    store = service.getBean(BlobStore.class);
    blobs = service.getBean(Blobs.class);
    models = service.getBean(ModelRepository.class);
    references = service.getBean(References.class);
    transactions = service.getBean(TransactionTemplate.class);
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  @Test
  void blob_isKeptOnce_andGoesWithItsLastReference() throws Exception {
    ModelEntity first = save("same content");
    ModelEntity second = save("same content");
    assertThat(second.sha256()).isEqualTo(first.sha256());
    references.deleteModel(first.getId());
    blobs.sweep(Duration.ZERO);
    assertThat(read(second.sha256())).isEqualTo("same content");
    references.deleteModel(second.getId());
    assertThat(blobs.sweep(Duration.ofHours(1))).as("within the grace period").isZero();
    assertThat(store.exists(second.sha256())).isTrue();
    assertThat(blobs.sweep(Duration.ZERO)).isEqualTo(1);
    assertThat(store.exists(second.sha256())).isFalse();
  }

  @Test
  void blob_isCollected_whenItsTransactionFailed() throws Exception {
    StagedBlob staged = stage("never referred to");
    assertThatThrownBy(() ->
            transactions.executeWithoutResult(_ -> {
              blobs.put(staged);
              throw new IllegalStateException("rolled back");
            }))
        .hasMessage("rolled back");
    assertThat(store.exists(staged.sha256())).isTrue();
    blobs.sweep(Duration.ZERO);
    assertThat(store.exists(staged.sha256())).isFalse();
  }

  @Test
  void blob_isNeverLost_whenSweepsRaceWithUploadsOfTheSameContent() throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> sweeper =
          executor.submit(() -> {
            while (!done.get()) {
              blobs.sweep(Duration.ZERO);
            }
            return null;
          });
      try {
        for (int i = 0; i < 50; i++) {
          ModelEntity model = save("contested");
          assertThat(read(model.sha256())).isEqualTo("contested");
          references.deleteModel(model.getId());
        }
      } finally {
        done.set(true);
      }
      sweeper.get();
    }
  }

  @Test
  void upload_leavesNothing_whenItIsTooLargeOrBreaksOff() throws Exception {
    assertThatThrownBy(() -> store.stage(new ByteArrayInputStream(new byte[101]), 100))
        .isInstanceOfSatisfying(
            ProblemException.class,
            e -> assertThat(e.kind()).isEqualTo(ProblemException.Kind.TOO_LARGE));
    InputStream broken =
        new InputStream() {
          private int left = 50;

          @Override
          public int read() throws IOException {
            if (left-- <= 0) {
              throw new IOException("connection reset");
            }
            return 1;
          }
        };
    assertThatThrownBy(() -> store.stage(broken, 100)).hasMessage("connection reset");
    assertThat(staged()).isZero();
  }

  @Test
  void filesOfDeadProcesses_areSwept_andThoseOfTheLivingAreNot() throws Exception {
    Path dead = home.resolve("blobs/staged").resolve(UUID.randomUUID().toString());
    Files.createDirectories(dead.resolve("upload"));
    Files.createFile(dead.resolve(".lock"));
    Files.writeString(dead.resolve("upload/content"), "half an upl");
    try (StagedBlob alive = stage("in flight")) {
      store.sweepStaged();
      assertThat(dead).doesNotExist();
      assertThat(alive.file()).exists();
    }
    assertThat(staged()).isZero();
  }

  private static ModelEntity save(String content) throws IOException {
    try (StagedBlob staged = stage(content)) {
      ModelEntity model = new ModelEntity("m", staged, "onnx", "{}");
      transactions.executeWithoutResult(_ -> {
        blobs.put(staged);
        models.save(model);
      });
      return model;
    }
  }

  private static StagedBlob stage(String content) throws IOException {
    return store.stage(
        new ByteArrayInputStream(content.getBytes(StandardCharsets.UTF_8)), Long.MAX_VALUE);
  }

  private static String read(String sha256) throws IOException {
    try (InputStream in = Files.newInputStream(store.local(sha256))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static long staged() throws IOException {
    try (Stream<Path> files = Files.walk(home.resolve("blobs/staged"))) {
      return files.filter(file -> file.endsWith("content")).count();
    }
  }
}
