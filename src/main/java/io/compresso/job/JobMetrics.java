package io.compresso.job;

import io.compresso.store.JobState;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.BaseUnits;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What the metrics say about jobs. */
final class JobMetrics {
  private final MeterRegistry registry;
  private final Map<UUID, Long> memory = new ConcurrentHashMap<>();

  JobMetrics(MeterRegistry registry, JdbcClient jdbc) {
    this.registry = registry;
    for (JobState state : JobState.values()) {
      if (!state.isTerminal()) {
        Gauge.builder("compresso.jobs", () -> count(jdbc, state))
            .tag("state", state.wire())
            .description("Jobs that are queued or running, on all servers")
            .register(registry);
      }
    }
    Gauge.builder(
            "compresso.jobs.memory",
            () -> memory.values().stream().mapToLong(Long::longValue).sum())
        .baseUnit(BaseUnits.BYTES)
        .description("Memory of the processes of this server's running jobs")
        .register(registry);
  }

  private static double count(JdbcClient jdbc, JobState state) {
    try {
      return jdbc.sql("select count(*) from jobs where state = ?")
          .param(state.wire())
          .query(Long.class)
          .single();
    } catch (DataAccessException _) {
      return Double.NaN;
    }
  }

  void ended(String technique, JobState state) {
    registry
        .counter("compresso.jobs.ended", "technique", technique, "state", state.wire())
        .increment();
  }

  void stage(String stage, Duration duration) {
    if (!stage.isEmpty()) {
      registry.timer("compresso.jobs.stage", "stage", stage).record(duration);
    }
  }

  void memory(UUID job, long bytes) {
    if (bytes == 0) {
      memory.remove(job);
    } else {
      memory.put(job, bytes);
    }
  }
}
