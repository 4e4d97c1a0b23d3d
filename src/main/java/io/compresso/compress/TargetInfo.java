package io.compresso.compress;

import java.time.Instant;
import java.util.List;

/**
 * A CPU on which jobs have run.
 *
 * @param id fingerprint: equal for CPUs on which figures can be compared
 * @param current whether it is this server's
 */
public record TargetInfo(
    String id,
    String name,
    String architecture,
    List<String> features,
    boolean current,
    Instant firstSeenAt,
    Instant lastSeenAt) {}
