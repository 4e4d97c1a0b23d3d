package io.compresso.compress;

import java.nio.file.Path;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * What the process of a job is told.
 *
 * @param spec the job with every default
 * @param model the parent's file
 * @param data by role: {@code train}, {@code calibration}, {@code eval}
 */
record CompressionOrder(JsonNode spec, Path model, Map<String, Data> data) {
  /** A data set: its file, and how it is read. */
  record Data(String name, Path file, JsonNode spec) {}
}
