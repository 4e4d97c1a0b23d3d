package io.compresso.compress;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import tools.jackson.databind.JsonNode;

/**
 * A stored data set.
 *
 * @param size bytes of the stored archive
 * @param spec how the archive is read, as it was uploaded
 * @param examples number of examples
 * @param fields what an example supplies
 * @param classes examples by label; empty without class labels
 */
public record DatasetInfo(
    UUID id,
    String name,
    String sha256,
    long size,
    JsonNode spec,
    long examples,
    List<Port> fields,
    Map<String, Long> classes,
    Instant createdAt) {}
