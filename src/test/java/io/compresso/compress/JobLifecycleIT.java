package io.compresso.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.compresso.ServiceContext;
import io.compresso.TestDatabase;
import io.compresso.store.JobState;
import io.compresso.store.Problem;
import io.compresso.store.ProblemException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;

class JobLifecycleIT {
  private static final Duration PATIENCE = Duration.ofSeconds(120);

  @TempDir static Path home;
  private static ConfigurableApplicationContext service;
  private static JobService jobs;
  private static ModelService models;
  private static UUID model;

  @BeforeAll
  static void start() throws Exception {
    service =
        ServiceContext.start(
            TestDatabase.create(),
            home,
            "compresso.jobs.main-class=" + TestWorker.class.getName(),
            "compresso.jobs.parallel=2",
            "compresso.jobs.progress-interval=10ms",
            "compresso.jobs.lease-folder=" + home.resolve("lease"));
    jobs = service.getBean(JobService.class);
    models = service.getBean(ModelService.class);
    model = models.upload(new ByteArrayInputStream(TestModels.linear(1)), "linear").id();
  }

  @AfterAll
  static void stop() {
    if (service != null) {
      service.close();
    }
  }

  @Test
  void job_storesItsResultWithLineage_whenItSucceeds() throws Exception {
    JobInfo job = ended(submit("steps 3 50", null));
    assertThat(job.state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(job.fraction()).isEqualTo(1);
    assertThat(job.gate()).isEqualTo("passed");
    assertThat(job.verdict()).isEqualTo("better");
    ModelInfo result = models.get(job.result());
    assertThat(result.parent()).isEqualTo(model);
    assertThat(result.job()).isEqualTo(job.id());
    assertThat(result.summary().operators()).containsEntry("MatMul", 1L);
    assertThat(jobs.report(job.id()).path("verdict").path("result").asString()).isEqualTo("better");
    assertThat(jobs.logs(job.id(), null, 10).items())
        .extracting(LogLine::message)
        .contains("hello from the job")
        .doesNotContain("noise of a library");
    List<JobEventInfo> events = jobs.events(job.id(), 0, 100);
    assertThat(events.getFirst().data().path("state").asString()).isEqualTo("queued");
    assertThat(events.getLast().data().path("state").asString()).isEqualTo("succeeded");
    assertThat(events).filteredOn(event -> event.kind().equals("progress")).isNotEmpty();
    assertThat(jobs.events(job.id(), events.get(1).id(), 100))
        .isEqualTo(events.subList(2, events.size()));
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(workFolders()).isEmpty());
  }

  @Test
  void job_fails_withTheProblemThatItsProcessTells() throws Exception {
    JobInfo job = ended(submit("refuse", null));
    assertThat(job.state()).isEqualTo(JobState.FAILED);
    assertThat(job.error()).isEqualTo(Problem.of("test-problem", "cannot do that").atNode("n1"));
    assertThat(jobs.logs(job.id(), null, 100).items())
        .as("the trace of what failed")
        .extracting(LogLine::message)
        .anyMatch(line -> line.contains("TestWorker.work"));
    assertThatThrownBy(() -> jobs.report(job.id()))
        .isInstanceOfSatisfying(
            ProblemException.class,
            e -> assertThat(e.problem().code()).isEqualTo("report-not-found"));
  }

  @Test
  void job_fails_whenItsProcessDies() throws Exception {
    JobInfo job = ended(submit("die 134", null));
    assertThat(job.state()).isEqualTo(JobState.FAILED);
    assertThat(job.error().code()).isEqualTo("worker-crashed");
    assertThat(job.error().message()).contains("signal 6");
    assertThat(job.error().retryable()).isTrue();
  }

  @Test
  void job_failsWithOutOfMemory_whenItsHeapIsFull() throws Exception {
    JobInfo job = ended(submit("heap", null));
    assertThat(job.error().code()).isEqualTo("out-of-memory");
    assertThat(job.error().field()).isEqualTo("/budget/maxMemoryMb");
  }

  @Test
  void job_failsWithOutOfMemory_whenItTakesMoreThanItsBudgetOffHeap() throws Exception {
    JobInfo job = ended(submit("memory", null));
    assertThat(job.error().code()).isEqualTo("out-of-memory");
  }

  @Test
  void job_fails_whenTheResultIsNoModel() throws Exception {
    JobInfo job = ended(submit("garbage", null));
    assertThat(job.state()).isEqualTo(JobState.FAILED);
    assertThat(job.error().code()).isEqualTo("malformed-model");
    assertThat(job.result()).isNull();
  }

  @Test
  void job_timesOut_afterItsBudgetOfMinutes() throws Exception {
    JobInfo job = ended(submit("steps 10000 100", null, 0.02));
    assertThat(job.state()).isEqualTo(JobState.TIMED_OUT);
    assertThat(job.error().field()).isEqualTo("/budget/maxMinutes");
  }

  @Test
  void runningJob_isCancelled_andItsProcessIsKilled() throws Exception {
    JobInfo job = submit("steps 10000 100", null);
    await().atMost(PATIENCE).until(() -> jobs.get(job.id()).fraction() > 0);
    assertThat(jobs.cancel(job.id()).cancelRequested()).isTrue();
    assertThat(ended(job).state()).isEqualTo(JobState.CANCELLED);
    assertThat(jobs.cancel(job.id()).state()).isEqualTo(JobState.CANCELLED);
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(workers(job.id())).isEmpty());
    jobs.delete(job.id());
    assertThatThrownBy(() -> jobs.get(job.id())).isInstanceOf(ProblemException.class);
  }

  @Test
  void submission_isTheSameJob_whenTheKeyIsReplayed() throws Exception {
    JsonNode spec = spec("steps 1 1", 60);
    Submission first = jobs.submit(spec, "key-1");
    Submission second = jobs.submit(spec, "key-1");
    assertThat(first.replayed()).isFalse();
    assertThat(second.replayed()).isTrue();
    assertThat(second.job().id()).isEqualTo(first.job().id());
    assertThatThrownBy(() -> jobs.submit(spec("steps 2 1", 60), "key-1"))
        .isInstanceOfSatisfying(
            ProblemException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(ProblemException.Kind.CONFLICT);
              assertThat(e.problem().code()).isEqualTo("idempotency-key-reused");
            });
    ended(first.job());
  }

  @Test
  void submission_isOneJob_whenManyRaceWithOneKey() throws Exception {
    JsonNode spec = spec("steps 1 1", 60);
    int clients = 8;
    CyclicBarrier barrier = new CyclicBarrier(clients);
    List<Future<UUID>> ids;
    try (ExecutorService executor = Executors.newFixedThreadPool(clients)) {
      List<Callable<UUID>> calls = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        calls.add(() -> {
          barrier.await();
          return jobs.submit(spec, "key-race").job().id();
        });
      }
      ids = executor.invokeAll(calls);
    }
    UUID winner = ids.getFirst().get();
    for (Future<UUID> id : ids) {
      assertThat(id.get()).isEqualTo(winner);
    }
    ended(jobs.get(winner));
  }

  @Test
  void model_isNotDeleted_whileAJobRefersToIt() throws Exception {
    JobInfo job = ended(submit("steps 1 1", null));
    assertThatThrownBy(() -> models.delete(model))
        .isInstanceOfSatisfying(
            ProblemException.class, e -> assertThat(e.problem().code()).isEqualTo("model-in-use"));
    UUID result = job.result();
    jobs.delete(job.id());
    assertThat(models.get(result).job()).isNull();
    models.delete(result);
    assertThatThrownBy(() -> models.get(result)).isInstanceOf(ProblemException.class);
  }

  @Test
  void list_pagesByCursor_newestFirst() throws Exception {
    JobInfo older = submit("steps 1 1", null);
    JobInfo newer = submit("steps 1 1", null);
    var first = jobs.list(null, null, 1);
    assertThat(first.items()).extracting(JobInfo::id).containsExactly(newer.id());
    var second = jobs.list(null, first.next(), 1);
    assertThat(second.items()).extracting(JobInfo::id).containsExactly(older.id());
    ended(newer);
    ended(older);
  }

  private static JobInfo submit(String name, @Nullable String key) {
    return submit(name, key, 60);
  }

  private static JobInfo submit(String name, @Nullable String key, double minutes) {
    return jobs.submit(spec(name, minutes), key).job();
  }

  private static JsonNode spec(String name, double minutes) {
    return Json.MAPPER.valueToTree(
        Map.of(
            "name",
            name,
            "model",
            model.toString(),
            "pipeline",
            List.of(Map.of("quantize", Map.of("mode", "dynamic"))),
            "budget",
            Map.of("maxMemoryMb", 256, "maxMinutes", minutes)));
  }

  private static JobInfo ended(JobInfo job) {
    await().atMost(PATIENCE).until(() -> jobs.get(job.id()).state().isTerminal());
    return jobs.get(job.id());
  }

  private static List<Path> workFolders() throws IOException {
    try (Stream<Path> paths = Files.walk(home.resolve("work"), 2)) {
      return paths
          .filter(path -> path.getNameCount() == home.getNameCount() + 3)
          .filter(Files::isDirectory)
          .toList();
    }
  }

  private static List<ProcessHandle> workers(UUID job) {
    return ProcessHandle.current()
        .descendants()
        .filter(process -> process.info().commandLine().orElse("").contains(job.toString()))
        .toList();
  }
}
