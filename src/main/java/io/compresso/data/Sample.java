package io.compresso.data;

import io.compresso.tensor.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One sample of a data set.
 *
 * @param fields tensors by field name, without a batch dimension, in the schema's order
 * @param label null when the data set has no labels
 */
public record Sample(Map<String, Tensor> fields, @Nullable Label label) {
  public Sample {
    fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
  }
}
