package io.compresso.job;

import io.compresso.store.JobEntity;
import io.compresso.store.Jobs;
import io.compresso.store.Problem;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Follows a job's process to its end, or ends it. */
final class JobWatch {
  private static final Duration TICK = Duration.ofMillis(100);
  private static final long CHECK_NANOS = Duration.ofMillis(500).toNanos();
  private static final int MAX_LOG_LINES = 20_000;
  private static final int MAX_LOG_LENGTH = 4_000;
  private static final int OUT_OF_MEMORY = 3;
  private static final double LEAST_FOR_ETA = 0.02;

  private final JobEntity job;
  private final long fence;
  private final Jobs jobs;
  private final JobMetrics metrics;
  private final long progressNanos;
  private final long start = System.nanoTime();

  private JobMessage.@Nullable Progress unsaid;
  private long lastProgress;
  private String stage = "";
  private long stageStart = start;
  private int logLines;

  JobWatch(JobEntity job, long fence, Jobs jobs, JobMetrics metrics, Duration progressInterval) {
    this.job = job;
    this.fence = fence;
    this.jobs = jobs;
    this.metrics = metrics;
    this.progressNanos = progressInterval.toNanos();
  }

  /** How a run ended. */
  sealed interface Ending {
    record Done(JsonNode result) implements Ending {}

    record Failed(Problem problem) implements Ending {}

    record TimedOut(Problem problem) implements Ending {}

    record Cancelled() implements Ending {}

    /** Another worker has the job. */
    record Superseded() implements Ending {}

    /** This server is shutting down. */
    record Stopping() implements Ending {}
  }

  /** Waits for the end; the process may still live when this returns. */
  Ending watch(ChildProcess child, JobWork.Limits limits, BooleanSupplier stopping)
      throws InterruptedException {
    try {
      long nextCheck = start;
      while (true) {
        JobMessage message = child.poll(TICK);
        switch (message) {
          case null -> {
            if (child.isDrained()) {
              return died(child, limits);
            }
          }
          case JobMessage.Progress progress -> unsaid = progress;
          case JobMessage.Log(String level, String text) -> log(level, text);
          case JobMessage.Done(JsonNode result) -> {
            return new Ending.Done(result);
          }
          case JobMessage.Failed(Problem problem) -> {
            child.tail().forEach(line -> log("debug", line));
            return new Ending.Failed(problem);
          }
        }
        long now = System.nanoTime();
        tellProgress(now);
        if (now >= nextCheck) {
          nextCheck = now + CHECK_NANOS;
          Ending ending = check(child, limits, stopping, now);
          if (ending != null) {
            return ending;
          }
        }
      }
    } finally {
      metrics.stage(stage, Duration.ofNanos(System.nanoTime() - stageStart));
      metrics.memory(job.id(), 0);
    }
  }

  private @Nullable Ending check(
      ChildProcess child, JobWork.Limits limits, BooleanSupplier stopping, long now) {
    if (stopping.getAsBoolean()) {
      return new Ending.Stopping();
    }
    switch (jobs.demand(job.id(), fence)) {
      case CANCEL -> {
        return new Ending.Cancelled();
      }
      case SUPERSEDED -> {
        return new Ending.Superseded();
      }
      case GO_ON -> {}
    }
    if (now - start > limits.time().toNanos()) {
      return new Ending.TimedOut(
          Problem.of(
                  "timed-out",
                  "the job ran longer than its budget of " + minutes(limits.time()) + " minutes")
              .atField("/budget/maxMinutes")
              .withHint("raise budget.maxMinutes, or give less data"));
    }
    long memory = child.memoryBytes();
    metrics.memory(job.id(), Math.max(memory, 0));
    if (memory > (long) limits.memoryMb() << 20) {
      return new Ending.Failed(outOfMemory(limits));
    }
    return null;
  }

  private static String minutes(Duration time) {
    double minutes = time.toMillis() / 60_000.0;
    return minutes == Math.rint(minutes) ? Long.toString((long) minutes) : Double.toString(minutes);
  }

  private void tellProgress(long now) {
    JobMessage.Progress said = unsaid;
    if (said == null) {
      return;
    }
    boolean newStage = !said.stage().equals(stage);
    if (!newStage && now - lastProgress < progressNanos) {
      return;
    }
    if (newStage) {
      metrics.stage(stage, Duration.ofNanos(now - stageStart));
      stage = said.stage();
      stageStart = now;
    }
    unsaid = null;
    lastProgress = now;
    double fraction = said.fraction();
    Long eta =
        fraction < LEAST_FOR_ETA
            ? null
            : (Long) Math.round((now - start) / 1e9 * (1 - fraction) / fraction);
    String data =
        JobProcess.MAPPER.writeValueAsString(
            eta == null
                ? Map.of("stage", stage, "fraction", fraction)
                : Map.of("stage", stage, "fraction", fraction, "etaSeconds", eta));
    jobs.progress(job.id(), fence, new Jobs.Progress(stage, fraction, eta, data));
  }

  private void log(String level, String text) {
    if (++logLines <= MAX_LOG_LINES) {
      jobs.log(
          job.id(),
          fence,
          List.of("debug", "info", "warn", "error").contains(level) ? level : "info",
          text.length() > MAX_LOG_LENGTH ? text.substring(0, MAX_LOG_LENGTH) + "..." : text);
    } else if (logLines == MAX_LOG_LINES + 1) {
      jobs.log(job.id(), fence, "warn", "the log is full; later lines are dropped");
    }
  }

  private Ending died(ChildProcess child, JobWork.Limits limits) throws InterruptedException {
    int status = child.exitStatus();
    for (String line : child.tail()) {
      log("error", line);
    }
    if (status == OUT_OF_MEMORY) {
      return new Ending.Failed(outOfMemory(limits));
    }
    String how =
        status > 128 ? "was killed by signal " + (status - 128) : "ended with status " + status;
    return new Ending.Failed(
        Problem.of(
                "worker-crashed",
                "the job's process " + how + (stage.isEmpty() ? "" : " in stage " + stage))
            .withHint(
                status == 137
                    ? "the host may be short of memory; lower budget.maxMemoryMb"
                    : "the job's log ends with what the process printed last")
            .asRetryable());
  }

  private static Problem outOfMemory(JobWork.Limits limits) {
    return Problem.of(
            "out-of-memory",
            "the job needs more memory than its budget of " + limits.memoryMb() + " MB")
        .atField("/budget/maxMemoryMb")
        .withHint("raise budget.maxMemoryMb, or the server's compresso.jobs.max-memory-mb");
  }
}
