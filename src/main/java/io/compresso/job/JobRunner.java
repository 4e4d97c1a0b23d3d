package io.compresso.job;

import io.compresso.store.InstanceFolder;
import io.compresso.store.JobEntity;
import io.compresso.store.JobRepository;
import io.compresso.store.JobState;
import io.compresso.store.Jobs;
import io.compresso.store.Problem;
import io.compresso.store.ProblemException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.JsonNode;

/** Takes a job through one run: claims it, watches its process, stores its end. */
final class JobRunner {
  private static final Logger LOG = LoggerFactory.getLogger(JobRunner.class);

  private final JobRepository repository;
  private final Jobs jobs;
  private final JobWork work;
  private final JobProperties properties;
  private final JobMetrics metrics;
  private final TransactionTemplate transactions;
  private final InstanceFolder folders;

  JobRunner(Context context, TransactionTemplate transactions, InstanceFolder folders) {
    this.repository = context.repository();
    this.jobs = context.jobs();
    this.work = context.work();
    this.properties = context.properties();
    this.metrics = context.metrics();
    this.transactions = transactions;
    this.folders = folders;
  }

  /** What a runner works with. */
  record Context(
      JobRepository repository,
      Jobs jobs,
      JobWork work,
      JobProperties properties,
      JobMetrics metrics) {}

  /**
   * Runs a job, unless it has ended.
   *
   * @param stopping whether this server is shutting down
   * @return false when the job was given back to the queue
   */
  boolean run(UUID id, BooleanSupplier stopping) throws IOException, InterruptedException {
    String worker = "pid " + ProcessHandle.current().pid() + " " + folders.path().getFileName();
    OptionalLong claimed = jobs.claim(id, worker);
    if (claimed.isEmpty()) {
      return true;
    }
    long fence = claimed.getAsLong();
    JobEntity job = repository.findById(id).orElseThrow();
    if (job.attempts() > properties.maxAttempts()) {
      fail(job, fence, lost());
      return true;
    }
    LOG.info("job {} starts, attempt {}", id, job.attempts());
    Path folder = Files.createDirectory(folders.path().resolve(id + "-" + fence)).toAbsolutePath();
    try {
      return execute(job, fence, folder, stopping);
    } catch (ProblemException e) {
      fail(job, fence, e.problem());
      return true;
    } catch (IOException e) {
      LOG.error("job {} failed on this server", id, e);
      fail(job, fence, serverTrouble(e));
      return true;
    } finally {
      InstanceFolder.deleteTree(folder);
    }
  }

  private boolean execute(JobEntity job, long fence, Path folder, BooleanSupplier stopping)
      throws IOException, InterruptedException {
    JobWork.Limits limits = work.limits(job);
    int memoryMb = Math.min(limits.memoryMb(), properties.maxMemoryMb());
    if (memoryMb < limits.memoryMb()) {
      jobs.log(
          job.id(),
          fence,
          "warn",
          "budget.maxMemoryMb is " + limits.memoryMb() + ", this server allows " + memoryMb);
    }
    JobOrder order =
        new JobOrder(
            job.id().toString(), folder, properties.measuringLeaseFolder(), work.order(job));
    JobWatch.Ending ending;
    try (ChildProcess child =
        ChildProcess.start(order, properties.mainClass(), Math.max(memoryMb / 2, 64))) {
      ending =
          new JobWatch(job, fence, jobs, metrics, properties.progressInterval())
              .watch(child, new JobWork.Limits(memoryMb, limits.time()), stopping);
    }
    switch (ending) {
      case JobWatch.Ending.Done(JsonNode result) -> succeed(job, fence, result, folder);
      case JobWatch.Ending.Failed(Problem problem) -> fail(job, fence, problem);
      case JobWatch.Ending.Cancelled() ->
          end(job, fence, new Jobs.End(JobState.CANCELLED, null, null, null));
      case JobWatch.Ending.TimedOut(Problem problem) ->
          end(job, fence, new Jobs.End(JobState.TIMED_OUT, json(problem), null, null));
      case JobWatch.Ending.Superseded() ->
          LOG.warn("job {} was taken over by another server", job.id());
      case JobWatch.Ending.Stopping() -> {
        LOG.info("job {} goes back to the queue: this server stops", job.id());
        return !jobs.requeue(job.id(), fence);
      }
    }
    return true;
  }

  private void succeed(JobEntity job, long fence, JsonNode json, Path folder) throws IOException {
    try (JobWork.Result result = work.receive(job, json, folder)) {
      Boolean stored =
          transactions.execute(status -> {
            // First, since it locks the row and refuses a worker that was superseded.
            if (!jobs.end(job.id(), fence, result.end())) {
              status.setRollbackOnly();
              return false;
            }
            result.store();
            return true;
          });
      if (Boolean.TRUE.equals(stored)) {
        metrics.ended(job.technique(), result.end().state());
        LOG.info("job {} {}", job.id(), result.end().state().wire());
      } else {
        LOG.warn("job {}: the result of a superseded worker was dropped", job.id());
      }
    }
  }

  private void fail(JobEntity job, long fence, Problem problem) {
    LOG.info("job {} failed: {}", job.id(), problem.message());
    end(job, fence, new Jobs.End(JobState.FAILED, json(problem), null, null));
  }

  private void end(JobEntity job, long fence, Jobs.End end) {
    if (jobs.end(job.id(), fence, end)) {
      metrics.ended(job.technique(), end.state());
    }
  }

  private Problem lost() {
    return Problem.of(
            "server-lost",
            "the server died "
                + properties.maxAttempts()
                + " times while it ran this job, so it is not tried again")
        .withHint("look for lack of memory on the server's host; lower budget.maxMemoryMb");
  }

  private static Problem serverTrouble(IOException e) {
    return Problem.of("server-trouble", "the server could not run the job: " + e.getMessage())
        .withHint("look at the server's log; is its disk full?")
        .asRetryable();
  }

  private static String json(Problem problem) {
    return JobProcess.MAPPER.writeValueAsString(problem);
  }
}
