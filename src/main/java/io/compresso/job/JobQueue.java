package io.compresso.job;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.task.TaskDescriptor;
import java.time.Instant;
import java.util.UUID;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Hands jobs to the workers of all servers. */
@Component
public class JobQueue {
  static final TaskDescriptor<Void> TASK = TaskDescriptor.of("job");

  private final ObjectProvider<Scheduler> scheduler;

  JobQueue(ObjectProvider<Scheduler> scheduler) {
    this.scheduler = scheduler;
  }

  /** Enqueues a job in the running transaction, which stores the job's row as well. */
  @Transactional(propagation = Propagation.MANDATORY)
  public void enqueue(UUID job) {
    Scheduler queue = scheduler.getObject();
    queue.schedule(TASK.instance(job.toString()).build(), Instant.now());
    TransactionSynchronizationManager.registerSynchronization(
        new TransactionSynchronization() {
          @Override
          public void afterCommit() {
            queue.triggerCheckForDueExecutions();
          }
        });
  }
}
