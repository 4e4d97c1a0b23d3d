package io.compresso.store;

import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/**
 * The life of jobs: queued, running, and one of four ends.
 *
 * <p>Each worker that takes a job up gets a higher fencing token. Whatever it writes is written
 * only while its token is the job's, so a worker that was thought dead cannot write any more.
 */
@Component
public class Jobs {
  private final JdbcClient jdbc;

  public Jobs(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** A row of a job's events. */
  public record Event(long id, String kind, String data, Instant at) {}

  /** A row of a job's log. */
  public record Line(long id, String level, String message, Instant at) {}

  /**
   * How far a job is.
   *
   * @param fraction done, 0 to 1
   * @param data the event that says so, a JSON object
   */
  public record Progress(String stage, double fraction, @Nullable Long etaSeconds, String data) {}

  /** What a worker must do with its job. */
  public enum Demand {
    GO_ON,
    CANCEL,
    /** Stop: another worker has it. */
    SUPERSEDED
  }

  /** How a job ended. */
  public record End(
      JobState state, @Nullable String error, @Nullable String gate, @Nullable String verdict) {}

  /**
   * Stores a job as queued, in the running transaction.
   *
   * @return false when the idempotency key is taken
   */
  @Transactional(propagation = Propagation.MANDATORY)
  public boolean insert(NewJob job) {
    int rows =
        jdbc.sql(
                """
                insert into jobs
                  (id, name, technique, spec, target, state, idempotency_key, request_hash)
                values (?, ?, ?, ?::jsonb, ?, 'queued', ?, ?)
                on conflict (idempotency_key) do nothing
                """)
            .params(job.id(), job.name(), job.technique(), job.spec(), job.target())
            .param(job.idempotencyKey())
            .param(job.requestHash())
            .update();
    if (rows == 0) {
      return false;
    }
    job.models()
        .forEach((role, model) ->
            jdbc.sql("insert into job_models (job_id, role, model_id) values (?, ?, ?)")
                .params(job.id(), role, model)
                .update());
    job.datasets()
        .forEach((role, dataset) ->
            jdbc.sql("insert into job_datasets (job_id, role, dataset_id) values (?, ?, ?)")
                .params(job.id(), role, dataset)
                .update());
    event(job.id(), "state", "{\"state\": \"queued\"}");
    return true;
  }

  /**
   * Takes a job up; empty when it has ended.
   *
   * @return the fencing token of this taking
   */
  @Transactional
  public OptionalLong claim(UUID id, String worker) {
    Optional<Long> fence =
        jdbc.sql(
                """
                update jobs set state = 'running', fence = fence + 1, worker = ?,
                  attempts = attempts + 1,
                  stage = null, fraction = 0, eta_seconds = null,
                  started_at = coalesce(started_at, now()), updated_at = now()
                where id = ? and state in ('queued', 'running') returning fence
                """)
            .params(worker, id)
            .query(Long.class)
            .optional();
    fence.ifPresent(_ -> event(id, "state", "{\"state\": \"running\"}"));
    return fence.map(OptionalLong::of).orElseGet(OptionalLong::empty);
  }

  /** Records progress; false when the fencing token is not the job's any more. */
  @Transactional
  public boolean progress(UUID id, long fence, Progress progress) {
    int rows =
        jdbc.sql(
                """
                update jobs set stage = ?, fraction = ?, eta_seconds = ?, updated_at = now()
                where id = ? and fence = ? and state = 'running'
                """)
            .params(progress.stage(), progress.fraction())
            .param(progress.etaSeconds())
            .params(id, fence)
            .update();
    if (rows == 1) {
      event(id, "progress", progress.data());
    }
    return rows == 1;
  }

  /** Adds a line to the log while the fencing token is the job's. */
  @Transactional
  public void log(UUID id, long fence, String level, String message) {
    jdbc.sql(
            """
            insert into job_logs (job_id, level, message)
            select id, ?, ? from jobs where id = ? and fence = ?
            """)
        .params(level, message.replace('\u0000', '\ufffd'), id, fence)
        .update();
  }

  /**
   * Ends a running job in the running transaction; false when the fencing token is not the job's
   * any more, and then the transaction must be given up.
   */
  @Transactional
  public boolean end(UUID id, long fence, End end) {
    int rows =
        jdbc.sql(
                """
                update jobs set state = ?, error = ?::jsonb, gate = ?, verdict = ?, worker = null,
                  eta_seconds = null, fraction = case when ? = 'succeeded' then 1 else fraction end,
                  finished_at = now(), updated_at = now()
                where id = ? and fence = ? and state = 'running'
                """)
            .param(end.state().wire())
            .param(end.error())
            .param(end.gate())
            .param(end.verdict())
            .params(end.state().wire(), id, fence)
            .update();
    if (rows == 1) {
      event(id, "state", "{\"state\": \"" + end.state().wire() + "\"}");
    }
    return rows == 1;
  }

  /** Gives a running job back to the queue; false when the token is not the job's any more. */
  @Transactional
  public boolean requeue(UUID id, long fence) {
    int rows =
        jdbc.sql(
                """
                update jobs set state = 'queued', fence = fence + 1, worker = null, stage = null,
                  attempts = attempts - 1,
                  fraction = 0, eta_seconds = null, updated_at = now()
                where id = ? and fence = ? and state = 'running'
                """)
            .params(id, fence)
            .update();
    if (rows == 1) {
      event(id, "state", "{\"state\": \"queued\"}");
    }
    return rows == 1;
  }

  /**
   * Cancels a queued job at once, and asks a running one to stop.
   *
   * @return the state after it; empty when there is no such job
   */
  @Transactional
  public Optional<JobState> cancel(UUID id) {
    Optional<String> state =
        jdbc.sql("select state from jobs where id = ? for update")
            .param(id)
            .query(String.class)
            .optional();
    if (state.isEmpty()) {
      return Optional.empty();
    }
    JobState now = JobState.ofWire(state.get());
    if (now == JobState.QUEUED) {
      jdbc.sql(
              """
              update jobs set state = 'cancelled', cancel_requested = true, finished_at = now(),
                updated_at = now() where id = ?
              """)
          .param(id)
          .update();
      event(id, "state", "{\"state\": \"cancelled\"}");
      return Optional.of(JobState.CANCELLED);
    }
    if (now == JobState.RUNNING) {
      jdbc.sql("update jobs set cancel_requested = true, updated_at = now() where id = ?")
          .param(id)
          .update();
    }
    return Optional.of(now);
  }

  /** What the holder of a fencing token must do. */
  public Demand demand(UUID id, long fence) {
    return jdbc.sql(
            "select cancel_requested from jobs where id = ? and fence = ? and state = 'running'")
        .params(id, fence)
        .query(Boolean.class)
        .optional()
        .map(cancel -> cancel ? Demand.CANCEL : Demand.GO_ON)
        .orElse(Demand.SUPERSEDED);
  }

  /** Deletes a job that has ended, with its log and report; models it made stay. */
  @Transactional
  public void delete(UUID id) {
    String state =
        jdbc.sql("select state from jobs where id = ? for update")
            .param(id)
            .query(String.class)
            .optional()
            .orElseThrow(() -> ProblemException.notFound("job", id));
    if (!JobState.ofWire(state).isTerminal()) {
      throw ProblemException.conflict(
          "job-active", "job " + id + " is " + state, "cancel it first");
    }
    jdbc.sql("delete from jobs where id = ?").param(id).update();
  }

  /** Stores a job's report in the running transaction. */
  @Transactional(propagation = Propagation.MANDATORY)
  public void report(UUID id, String body) {
    jdbc.sql("insert into reports (job_id, body) values (?, ?::jsonb)").params(id, body).update();
  }

  /** The report of a job, a JSON object. */
  public Optional<String> report(UUID id) {
    return jdbc.sql("select body from reports where job_id = ?")
        .param(id)
        .query(String.class)
        .optional();
  }

  /**
   * What reports of jobs on a model say of estimates.
   *
   * @param estimates a JSON array
   */
  public record Estimates(UUID job, String estimates) {}

  /** The estimates of the newest reports of jobs that compressed a model. */
  public List<Estimates> estimates(UUID model, int limit) {
    return jdbc.sql(
            """
            select r.job_id, r.body -> 'estimates'
            from reports r join job_models m on m.job_id = r.job_id
            where m.model_id = ? and m.role = 'model' and r.body -> 'estimates' <> '[]'::jsonb
            order by r.job_id desc limit ?
            """)
        .params(model, limit)
        .query((row, _) -> new Estimates(row.getObject(1, UUID.class), row.getString(2)))
        .list();
  }

  /** Events after one, oldest first. */
  public List<Event> events(UUID id, long after, int limit) {
    return jdbc.sql(
            "select id, kind, data, at from job_events where job_id = ? and id > ?"
                + " order by id limit ?")
        .params(id, after, limit)
        .query((row, _) ->
            new Event(
                row.getLong(1), row.getString(2), row.getString(3), instant(row.getTimestamp(4))))
        .list();
  }

  /** Lines of the log after one, oldest first. */
  public List<Line> lines(UUID id, long after, int limit) {
    return jdbc.sql(
            "select id, level, message, at from job_logs where job_id = ? and id > ?"
                + " order by id limit ?")
        .params(id, after, limit)
        .query((row, _) ->
            new Line(
                row.getLong(1), row.getString(2), row.getString(3), instant(row.getTimestamp(4))))
        .list();
  }

  private static Instant instant(Timestamp timestamp) {
    return timestamp.toInstant();
  }

  private void event(UUID id, String kind, String data) {
    jdbc.sql("insert into job_events (job_id, kind, data) values (?, ?, ?::jsonb)")
        .params(id, kind, data)
        .update();
  }
}
