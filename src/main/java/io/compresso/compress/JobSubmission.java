package io.compresso.compress;

import io.compresso.job.JobQueue;
import io.compresso.store.Ids;
import io.compresso.store.JobEntity;
import io.compresso.store.JobRepository;
import io.compresso.store.Jobs;
import io.compresso.store.NewJob;
import io.compresso.store.Problem;
import io.compresso.store.ProblemException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.JsonNode;

/** Checks jobs and puts them into the database and the queue. */
@Component
class JobSubmission {
  private static final int MAX_KEY_LENGTH = 255;

  private final JobPlanner planner;
  private final Jobs jobs;
  private final JobQueue queue;
  private final JobRepository repository;
  private final TransactionTemplate transactions;

  JobSubmission(
      JobPlanner planner,
      Jobs jobs,
      JobQueue queue,
      JobRepository repository,
      TransactionTemplate transactions) {
    this.planner = planner;
    this.jobs = jobs;
    this.queue = queue;
    this.repository = repository;
    this.transactions = transactions;
  }

  /** The job that stands for a request. */
  record Outcome(UUID id, boolean replayed) {}

  Outcome submit(JsonNode spec, @Nullable String idempotencyKey) {
    checkKey(idempotencyKey);
    String hash = hash(spec);
    if (idempotencyKey != null) {
      JobEntity known = repository.findByIdempotencyKey(idempotencyKey).orElse(null);
      if (known != null) {
        return replay(known, hash);
      }
    }
    JobPlanner.Plan plan = planner.plan(spec);
    NewJob job =
        new NewJob(
            Ids.next(),
            plan.name(),
            plan.technique(),
            Json.write(plan.spec()),
            plan.target(),
            idempotencyKey,
            hash,
            plan.models(),
            plan.datasets());
    boolean inserted;
    try {
      inserted = Boolean.TRUE.equals(transactions.execute(_ -> store(job)));
    } catch (DataIntegrityViolationException e) {
      throw new ProblemException(
          ProblemException.Kind.CONFLICT,
          Problem.of("reference-gone", "the job's model or data was deleted in this moment"),
          e);
    }
    if (!inserted && idempotencyKey != null) {
      return replay(repository.findByIdempotencyKey(idempotencyKey).orElseThrow(), hash);
    }
    return new Outcome(job.id(), false);
  }

  private boolean store(NewJob job) {
    if (!jobs.insert(job)) {
      return false;
    }
    queue.enqueue(job.id());
    return true;
  }

  DryRun dryRun(JsonNode spec) {
    JobPlanner.Plan plan = planner.plan(spec);
    return new DryRun(
        plan.spec(),
        plan.technique(),
        plan.estimatedBytes(),
        plan.estimatedSeconds(),
        plan.warnings());
  }

  private static Outcome replay(JobEntity known, String hash) {
    if (!known.requestHash().equals(hash)) {
      throw ProblemException.conflict(
          "idempotency-key-reused",
          "the Idempotency-Key was used with another body, for job " + known.id(),
          "use a new key for a new job");
    }
    return new Outcome(known.id(), true);
  }

  private static void checkKey(@Nullable String key) {
    if (key != null
        && (key.isBlank()
            || key.length() > MAX_KEY_LENGTH
            || key.chars().anyMatch(c -> c < 0x20 || c > 0x7e))) {
      throw new ProblemException(
          ProblemException.Kind.BAD_REQUEST,
          Problem.of(
              "bad-idempotency-key",
              "the Idempotency-Key is not 1 to " + MAX_KEY_LENGTH + " printable ASCII characters"));
    }
  }

  private static String hash(JsonNode spec) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      return HexFormat.of()
          .formatHex(sha256.digest(Json.canonical(spec).getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
