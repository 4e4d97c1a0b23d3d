package io.compresso.technique;

import java.util.concurrent.Callable;

/** What a running job asks of whoever runs it. */
public interface JobHost {
  /** A host without cancelling, logs or a lease: for a job that runs alone in its process. */
  JobHost LOCAL =
      new JobHost() {
        @Override
        public void progress(String stage, double fraction) {}

        @Override
        public void log(String line) {}

        @Override
        public void checkpoint() {}

        @Override
        public <T> T measuring(Callable<T> work) throws Exception {
          return work.call();
        }
      };

  /**
   * Tells how far the job is.
   *
   * @param stage a short name, as in {@code calibrate}
   * @param fraction of the whole job that is done, from 0 to 1; never falls
   */
  void progress(String stage, double fraction);

  /** The same host, for a part of the job: its progress runs from {@code from} to {@code to}. */
  default JobHost within(double from, double to) {
    JobHost whole = this;
    return new JobHost() {
      @Override
      public void progress(String stage, double fraction) {
        whole.progress(stage, from + (to - from) * Math.max(0, Math.min(1, fraction)));
      }

      @Override
      public void log(String line) {
        whole.log(line);
      }

      @Override
      public void checkpoint() {
        whole.checkpoint();
      }

      @Override
      public <T> T measuring(Callable<T> work) throws Exception {
        return whole.measuring(work);
      }
    };
  }

  /** Adds a line to the job's log. */
  void log(String line);

  /**
   * Called often between pieces of work: waits while another job of the host is measuring.
   *
   * @throws JobStoppedException if the job was cancelled or ran out of time
   */
  void checkpoint();

  /**
   * Runs {@code work} while no other job of the host computes.
   *
   * @throws JobStoppedException if the job was stopped while it waited
   */
  <T> T measuring(Callable<T> work) throws Exception;
}
