package io.compresso.compress;

import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * What a job would do.
 *
 * @param spec the submitted spec with every default filled in
 * @param estimatedBytes size of the result, roughly
 * @param estimatedSeconds time it takes, roughly
 * @param warnings what will not keep the job from running but is worth knowing
 */
public record DryRun(
    JsonNode spec,
    String technique,
    long estimatedBytes,
    long estimatedSeconds,
    List<String> warnings) {}
