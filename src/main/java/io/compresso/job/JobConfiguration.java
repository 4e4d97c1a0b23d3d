package io.compresso.job;

import com.github.kagkarlsson.scheduler.task.CompletionHandler;
import com.github.kagkarlsson.scheduler.task.FailureHandler;
import com.github.kagkarlsson.scheduler.task.Task;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import io.compresso.store.InstanceFolder;
import io.compresso.store.JobRepository;
import io.compresso.store.Jobs;
import io.compresso.store.StoreProperties;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.UUID;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** The queue's task and what it needs. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(JobProperties.class)
class JobConfiguration {
  private static final Duration RETRY = Duration.ofSeconds(5);

  @Bean
  JobMetrics jobMetrics(MeterRegistry registry, JdbcClient jdbc) {
    return new JobMetrics(registry, jdbc);
  }

  @Bean(destroyMethod = "close")
  InstanceFolder workFolder(StoreProperties properties) throws IOException {
    InstanceFolder folder = InstanceFolder.in(properties.home().resolve("work"));
    folder.sweepOthers();
    return folder;
  }

  @Bean
  JobRunner.Context jobRunnerContext(
      JobRepository repository,
      Jobs jobs,
      JobWork work,
      JobProperties properties,
      JobMetrics metrics) {
    return new JobRunner.Context(repository, jobs, work, properties, metrics);
  }

  @Bean
  JobRunner jobRunner(
      JobRunner.Context context, TransactionTemplate transactions, InstanceFolder workFolder) {
    return new JobRunner(context, transactions, workFolder);
  }

  @Bean
  Task<Void> jobTask(JobRunner runner) {
    return Tasks.custom(JobQueue.TASK)
        .onFailure(new FailureHandler.OnFailureRetryLater<>(RETRY))
        .onDeadExecutionRevive()
        .execute((instance, context) -> {
          try {
            boolean ended =
                runner.run(
                    UUID.fromString(instance.getId()),
                    () -> context.getSchedulerState().isShuttingDown());
            return ended
                ? new CompletionHandler.OnCompleteRemove<>()
                : (complete, operations) ->
                    operations.reschedule(complete, java.time.Instant.now());
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
          }
        });
  }
}
