package io.compresso.compress;

import io.compresso.store.Cursors;
import io.compresso.store.JobEntity;
import io.compresso.store.JobRepository;
import io.compresso.store.JobState;
import io.compresso.store.Jobs;
import io.compresso.store.ModelEntity;
import io.compresso.store.ModelRepository;
import io.compresso.store.Page;
import io.compresso.store.Problem;
import io.compresso.store.ProblemException;
import io.compresso.technique.Report;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Service;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Submits, watches, cancels and deletes jobs. */
@Service
public class JobService {
  private final JobRepository repository;
  private final Jobs jobs;
  private final ModelRepository models;
  private final JobSubmission submission;

  public JobService(
      JobRepository repository, Jobs jobs, ModelRepository models, JobSubmission submission) {
    this.repository = repository;
    this.jobs = jobs;
    this.models = models;
    this.submission = submission;
  }

  /**
   * Checks a job and queues it.
   *
   * @param spec the job, as in the design
   * @param idempotencyKey when it was used before with the same spec, that job is given back
   * @throws ProblemException when the spec is wrong, or the key was used with another spec
   */
  public Submission submit(JsonNode spec, @Nullable String idempotencyKey) {
    JobSubmission.Outcome outcome = submission.submit(spec, idempotencyKey);
    return new Submission(get(outcome.id()), outcome.replayed());
  }

  /**
   * Checks a job as {@link #submit} does, and says what it would do.
   *
   * @throws ProblemException when the spec is wrong
   */
  public DryRun dryRun(JsonNode spec) {
    return submission.dryRun(spec);
  }

  public JobInfo get(UUID id) {
    JobEntity job = entity(id);
    return info(job, models.findByJobId(id).map(ModelEntity::getId).orElse(null));
  }

  /**
   * Jobs, newest first, from a cursor on.
   *
   * @param state only jobs in this state
   */
  public Page<JobInfo> list(@Nullable JobState state, @Nullable String cursor, int limit) {
    List<JobEntity> found = find(state, Cursors.id(cursor), Limit.of(limit + 1));
    Map<UUID, ModelEntity> results =
        models.findByJobIdIn(found.stream().map(JobEntity::id).toList()).stream()
            .collect(Collectors.toMap(ModelEntity::jobId, Function.identity()));
    return Page.of(
        found,
        limit,
        job -> {
          ModelEntity result = results.get(job.id());
          return info(job, result == null ? null : result.getId());
        },
        job -> job.id().toString());
  }

  private List<JobEntity> find(@Nullable JobState state, @Nullable UUID before, Limit rows) {
    if (state == null) {
      return before == null
          ? repository.findAllByOrderByIdDesc(rows)
          : repository.findByIdLessThanOrderByIdDesc(before, rows);
    }
    return before == null
        ? repository.findByStateOrderByIdDesc(state.wire(), rows)
        : repository.findByStateAndIdLessThanOrderByIdDesc(state.wire(), before, rows);
  }

  /**
   * Cancels a queued job, and asks a running one to stop; does nothing to a job that was cancelled.
   *
   * @throws ProblemException when the job has ended otherwise
   */
  public JobInfo cancel(UUID id) {
    JobState state = jobs.cancel(id).orElseThrow(() -> ProblemException.notFound("job", id));
    if (state.isTerminal() && state != JobState.CANCELLED) {
      throw ProblemException.conflict(
          "job-ended", "job " + id + " has already ended: " + state.wire(), null);
    }
    return get(id);
  }

  /** Deletes a job that has ended, with its log and report; the model it made stays. */
  public void delete(UUID id) {
    jobs.delete(id);
  }

  /** Events after one, oldest first; 0 for all. */
  public List<JobEventInfo> events(UUID id, long after, int limit) {
    entity(id);
    return jobs.events(id, after, limit).stream()
        .map(event ->
            new JobEventInfo(event.id(), event.kind(), Json.tree(event.data()), event.at()))
        .toList();
  }

  /** Lines of the log from a cursor on, oldest first; {@code next} is null at the present end. */
  public Page<LogLine> logs(UUID id, @Nullable String cursor, int limit) {
    entity(id);
    return Page.of(
        jobs.lines(id, Cursors.number(cursor), limit + 1),
        limit,
        line -> new LogLine(line.id(), line.level(), line.message(), line.at()),
        line -> Long.toString(line.id()));
  }

  /**
   * The report of a job.
   *
   * @throws ProblemException when the job has none (yet)
   */
  public JsonNode report(UUID id) {
    JobEntity job = entity(id);
    return jobs.report(id)
        .map(Json::tree)
        .orElseThrow(() ->
            new ProblemException(
                ProblemException.Kind.NOT_FOUND,
                new Problem(
                    "report-not-found",
                    "job " + id + " is " + job.state().wire() + " and has no report",
                    null,
                    null,
                    job.state().isTerminal() ? null : "ask again when the job has succeeded",
                    !job.state().isTerminal())));
  }

  /**
   * The report of a job for people.
   *
   * @throws ProblemException when the job has none (yet), or one of another version
   */
  public String report(UUID id, ReportForm form) {
    JsonNode json = report(id);
    Report report;
    try {
      report = Json.MAPPER.treeToValue(json, Report.class);
    } catch (JacksonException e) {
      throw new ProblemException(
          ProblemException.Kind.CONFLICT,
          Problem.of("report-of-another-version", "the report of job " + id + " is only JSON here")
              .withHint("ask for it with Accept: application/json"));
    }
    return switch (form) {
      case HTML -> report.html();
      case MARKDOWN -> report.markdown();
    };
  }

  private JobEntity entity(UUID id) {
    return repository.findById(id).orElseThrow(() -> ProblemException.notFound("job", id));
  }

  private static JobInfo info(JobEntity job, @Nullable UUID result) {
    String error = job.error();
    return new JobInfo(
        job.id(),
        job.name(),
        job.technique(),
        Json.tree(job.spec()),
        job.target(),
        job.state(),
        job.cancelRequested(),
        job.stage(),
        job.fraction(),
        job.etaSeconds(),
        job.gate(),
        job.verdict(),
        result,
        error == null ? null : Json.read(error, Problem.class),
        job.attempts(),
        job.createdAt(),
        job.startedAt(),
        job.finishedAt());
  }
}
