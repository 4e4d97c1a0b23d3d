package io.compresso.compress;

import java.time.Instant;
import tools.jackson.databind.JsonNode;

/**
 * Something that happened to a job.
 *
 * @param id grows with time; where a reader goes on ({@code Last-Event-ID})
 * @param kind {@code state} or {@code progress}
 */
public record JobEventInfo(long id, String kind, JsonNode data, Instant at) {}
