package io.compresso.compress;

import io.compresso.store.Jobs;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.JsonNode;

/** Stores reports, and each figure of them with the CPU it was measured on. */
@Component
class ReportStore {
  private final Jobs jobs;
  private final TargetService targets;
  private final JdbcClient jdbc;

  ReportStore(Jobs jobs, TargetService targets, JdbcClient jdbc) {
    this.jobs = jobs;
    this.targets = targets;
    this.jdbc = jdbc;
  }

  /** Stores a job's report in the running transaction. */
  @Transactional(propagation = Propagation.MANDATORY)
  public void save(UUID job, JsonNode report) {
    jobs.report(job, Json.write(report));
    String target = targets.seen();
    for (JsonNode row : report.path("latency")) {
      String runtime = row.path("runtime").asString("");
      for (String subject : new String[] {"parent", "child"}) {
        for (String percentile : new String[] {"p50", "p95", "p99"}) {
          figure(
              new Figure(subject, runtime, "latency-" + percentile, "ms"),
              row.path(subject).path(percentile),
              job,
              target);
        }
      }
    }
    for (JsonNode row : report.path("accuracy")) {
      String runtime = row.path("runtime").asString("");
      String metric = row.path("metric").asString("");
      for (String subject : new String[] {"parent", "child"}) {
        figure(new Figure(subject, runtime, metric, "1"), row.path(subject), job, target);
      }
    }
  }

  private record Figure(String subject, String runtime, String metric, String unit) {}

  private void figure(Figure figure, JsonNode value, UUID job, String target) {
    if (value.isNumber() && !figure.metric().isEmpty()) {
      jdbc.sql(
              """
              insert into measurements (job_id, target_id, subject, runtime, metric, unit, value)
              values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing
              """)
          .params(
              job,
              target,
              figure.subject(),
              figure.runtime(),
              figure.metric(),
              figure.unit(),
              value.asDouble())
          .update();
    }
  }
}
