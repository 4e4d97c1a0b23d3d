package io.compresso.compress;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What the process of a job has made.
 *
 * @param model the result's file, below the job's folder
 * @param gate {@code passed} or {@code failed}; null without goals
 * @param verdict {@code better} or {@code not better}
 */
record CompressionResult(String model, JsonNode report, @Nullable String gate, String verdict) {}
