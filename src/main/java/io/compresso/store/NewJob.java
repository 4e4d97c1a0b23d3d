package io.compresso.store;

import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A job that is about to be stored.
 *
 * @param spec a JSON object
 * @param requestHash SHA-256 of the request, which tells a replay from another request
 * @param models by role
 * @param datasets by role
 */
public record NewJob(
    UUID id,
    String name,
    String technique,
    String spec,
    String target,
    @Nullable String idempotencyKey,
    String requestHash,
    Map<String, UUID> models,
    Map<String, UUID> datasets) {}
