package io.compresso.data;

import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Samples as a model takes them.
 *
 * @param inputs tensors by the model's input names
 * @param labels one for each sample that counts; null where there is none
 * @param from the index of the first sample in its data set
 * @param count samples that count; a batch of a fixed size is filled up with copies of the last
 * @param size samples in the tensors, {@code count} or more
 */
public record Batch(
    Map<String, Tensor> inputs, List<@Nullable Label> labels, long from, int count, int size) {
  public Batch {
    inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
    labels = Collections.unmodifiableList(new ArrayList<>(labels));
  }
}
