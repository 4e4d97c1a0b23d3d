package io.compresso.data;

import java.util.Map;

/**
 * What an upload holds, found by reading it once.
 *
 * @param format how the samples are stored, such as {@code idx} or {@code images}
 * @param size the number of samples
 * @param classHistogram samples by class name; empty unless labels are class indices
 */
public record DatasetSummary(
    String format, long size, DatasetSchema schema, Map<String, Long> classHistogram) {}
