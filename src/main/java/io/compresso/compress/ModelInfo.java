package io.compresso.compress;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A stored model.
 *
 * @param size bytes of the stored file
 * @param format {@code onnx}, or {@code archive} when external data comes with the model
 * @param parent the model from which a job made this one
 * @param job the job that made this one
 */
public record ModelInfo(
    UUID id,
    String name,
    String sha256,
    long size,
    String format,
    ModelSummary summary,
    @Nullable UUID parent,
    @Nullable UUID job,
    Instant createdAt) {}
