package io.compresso.compress;

import java.time.Instant;

/** A line that a job has logged. */
public record LogLine(long id, String level, String message, Instant at) {}
