package io.compresso.job;

import io.compresso.store.Problem;
import io.compresso.store.StoredJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A job's own process, from the inside: reads its order from standard input, reports on standard
 * output, and dies when its server does.
 */
public final class JobProcess {
  /** Marks a line of standard output as a message; native libraries may print there, too. */
  static final char MARK = '\u001e';

  static final JsonMapper MAPPER = StoredJson.mapper();

  private static final int ORPHANED = 80;

  private final PrintStream out;
  private final JobOrder order;
  private final MeasuringLease lease;

  private JobProcess(PrintStream out, JobOrder order, MeasuringLease lease) {
    this.out = out;
    this.order = order;
    this.lease = lease;
  }

  /** The work of a job. */
  @FunctionalInterface
  public interface Body {
    /**
     * Does it.
     *
     * @return what the server needs to know to store the result
     * @throws Exception when it cannot be done
     */
    JsonNode run(JobProcess process) throws Exception;
  }

  /**
   * Runs one job, then ends the process.
   *
   * @param problemOf says what an exception of the body means to a client
   */
  public static void run(Body body, java.util.function.Function<Throwable, Problem> problemOf) {
    PrintStream out = System.out;
    System.setOut(System.err);
    int status = 1;
    try {
      BufferedReader in =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      String line = in.readLine();
      if (line == null) {
        throw new IOException("no order on standard input");
      }
      JobOrder order = MAPPER.readValue(line, JobOrder.class);
      Thread.ofPlatform().daemon().name("parent-watch").start(() -> dieWithParent(in));
      try (MeasuringLease lease = MeasuringLease.join(order.leaseFolder())) {
        JobProcess process = new JobProcess(out, order, lease);
        process.send(process.outcome(body, problemOf));
        status = 0;
      }
    } catch (IOException e) {
      e.printStackTrace();
    }
    out.flush();
    // Not exit: a hook or a thread of a native library must not keep a finished job alive.
    Runtime.getRuntime().halt(status);
  }

  private JobMessage outcome(Body body, java.util.function.Function<Throwable, Problem> problemOf) {
    try {
      return new JobMessage.Done(body.run(this));
    } catch (OutOfMemoryError e) {
      throw e;
    } catch (Throwable e) {
      e.printStackTrace();
      return new JobMessage.Failed(problemOf.apply(e));
    }
  }

  private static void dieWithParent(BufferedReader in) {
    try {
      while (in.readLine() != null) {
        // Nothing more is said; the stream's end is what matters.
      }
    } catch (IOException _) {
      // As good as its end.
    }
    Runtime.getRuntime().halt(ORPHANED);
  }

  /** What to do. */
  public JsonNode work() {
    return order.work();
  }

  /** The folder for everything that the job writes. */
  public Path folder() {
    return order.folder();
  }

  /** Tells how far the job is: {@code fraction} of the whole. */
  public void progress(String stage, double fraction) {
    double bounded = Double.isNaN(fraction) ? 0 : Math.clamp(fraction, 0.0, 1.0);
    send(new JobMessage.Progress(stage, bounded));
  }

  /** Adds a line to the job's log. */
  public void log(String line) {
    send(new JobMessage.Log("info", line));
  }

  /** Waits while another job of the host is measuring. */
  public void checkpoint() throws IOException {
    lease.checkpoint();
  }

  /** Runs {@code work} while no other job of the host computes. */
  public <T> T measuring(Callable<T> work) throws Exception {
    return lease.measuring(work);
  }

  private synchronized void send(JobMessage message) {
    out.print(MARK + MAPPER.writeValueAsString(message) + "\n");
    out.flush();
  }
}
