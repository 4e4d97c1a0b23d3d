package io.compresso.job;

import io.compresso.store.JobEntity;
import io.compresso.store.Jobs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import tools.jackson.databind.JsonNode;

/** What jobs are about, which this layer does not know. */
public interface JobWork {
  /** How much a job may take. */
  record Limits(int memoryMb, Duration time) {}

  /** A result that is checked and about to be stored. */
  interface Result extends AutoCloseable {
    /** How the job ends with it. */
    Jobs.End end();

    /** Stores it, in the transaction that ends the job. */
    void store();

    @Override
    void close();
  }

  Limits limits(JobEntity job);

  /**
   * What the job's process is told.
   *
   * @throws io.compresso.store.ProblemException when the job cannot run any more
   */
  JsonNode order(JobEntity job) throws IOException;

  /**
   * Takes what the job's process has made.
   *
   * @param folder where its files lie
   * @throws io.compresso.store.ProblemException when it is not sound
   */
  Result receive(JobEntity job, JsonNode result, Path folder) throws IOException;
}
