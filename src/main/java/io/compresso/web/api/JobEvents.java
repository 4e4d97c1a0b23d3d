package io.compresso.web.api;

import io.compresso.compress.JobEventInfo;
import io.compresso.compress.JobService;
import io.compresso.store.ProblemException;
import io.compresso.web.problem.ApiProblem;
import io.compresso.web.problem.ApiProblemException;
import io.compresso.web.problem.ProblemCode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import tools.jackson.databind.json.JsonMapper;

/**
 * Streams of jobs' events. Each stream is a virtual thread that reads the events' table; all of
 * them end before the web server stops, so that none holds up its shutdown.
 */
@Component
public class JobEvents implements SmartLifecycle {
  private static final Logger LOG = LoggerFactory.getLogger(JobEvents.class);
  private static final int MAX_STREAMS = 256;
  private static final int BATCH = 200;
  private static final Duration POLL = Duration.ofMillis(250);
  private static final Duration HEARTBEAT = Duration.ofSeconds(10);

  private final JobService jobs;
  private final JsonMapper mapper;
  private final Semaphore streams = new Semaphore(MAX_STREAMS);
  private volatile boolean running;

  public JobEvents(JobService jobs, JsonMapper mapper) {
    this.jobs = jobs;
    this.mapper = mapper;
  }

  /** A stream of the events after one; it ends with the job. */
  SseEmitter stream(UUID id, long after) {
    jobs.get(id);
    if (!streams.tryAcquire()) {
      throw new ApiProblemException(
          ApiProblem.of(ProblemCode.UNAVAILABLE, "too many clients watch jobs now")
              .withHint("Try again later, or ask for the job itself from time to time."));
    }
    SseEmitter emitter = new SseEmitter(0L);
    Thread.ofVirtual()
        .name("events-" + id)
        .start(() -> {
          try {
            send(emitter, id, after);
            emitter.complete();
          } catch (IOException | IllegalStateException e) {
            LOG.debug("client left the events of job {}: {}", id, e.toString());
            emitter.complete();
          } catch (ProblemException e) {
            LOG.debug("job {} went away: {}", id, e.toString());
            emitter.complete();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            emitter.complete();
          } finally {
            streams.release();
          }
        });
    return emitter;
  }

  private void send(SseEmitter emitter, UUID id, long after)
      throws IOException, InterruptedException {
    long last = after;
    long silentSince = System.nanoTime();
    while (running) {
      boolean ended = jobs.get(id).state().isTerminal();
      List<JobEventInfo> batch = jobs.events(id, last, BATCH);
      for (JobEventInfo event : batch) {
        emitter.send(
            SseEmitter.event()
                .id(Long.toString(event.id()))
                .name(event.kind())
                .data(mapper.writeValueAsString(event.data()), MediaType.TEXT_PLAIN));
        last = event.id();
        silentSince = System.nanoTime();
      }
      if (ended && batch.size() < BATCH) {
        emitter.send(SseEmitter.event().name("end").data("{}", MediaType.TEXT_PLAIN));
        return;
      }
      if (batch.isEmpty()) {
        if (System.nanoTime() - silentSince > HEARTBEAT.toNanos()) {
          emitter.send(SseEmitter.event().comment("still here"));
          silentSince = System.nanoTime();
        }
        Thread.sleep(POLL);
      }
    }
  }

  @Override
  public void start() {
    running = true;
  }

  @Override
  public void stop() {
    running = false;
  }

  @Override
  public boolean isRunning() {
    return running;
  }
}
