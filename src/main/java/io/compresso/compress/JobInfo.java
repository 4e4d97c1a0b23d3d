package io.compresso.compress;

import io.compresso.store.JobState;
import io.compresso.store.Problem;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A job as clients see it.
 *
 * @param technique the pipeline's techniques, joined by {@code +}
 * @param stage what it does now; null before it starts
 * @param fraction done, 0 to 1
 * @param etaSeconds estimated seconds left
 * @param gate {@code passed} or {@code failed} for the goals of the spec; null without goals
 * @param verdict {@code better} or {@code not better}
 * @param result the model it made
 * @param attempts how often a worker has taken it up, without those that gave it back
 */
public record JobInfo(
    UUID id,
    String name,
    String technique,
    JsonNode spec,
    String target,
    JobState state,
    boolean cancelRequested,
    @Nullable String stage,
    double fraction,
    @Nullable Long etaSeconds,
    @Nullable String gate,
    @Nullable String verdict,
    @Nullable UUID result,
    @Nullable Problem error,
    int attempts,
    Instant createdAt,
    @Nullable Instant startedAt,
    @Nullable Instant finishedAt) {}
