package io.compresso.job;

import java.nio.file.Path;
import tools.jackson.databind.JsonNode;

/**
 * What a job's process is told to do, one JSON object on a line of its standard input.
 *
 * @param folder for everything that it writes
 * @param leaseFolder of the host's {@link MeasuringLease}
 * @param work what to do
 */
record JobOrder(String job, Path folder, Path leaseFolder, JsonNode work) {}
