package io.compresso.evaluate;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A model held against its parent on the same samples in the same runtime.
 *
 * @param parent null when the samples have no labels
 * @param child null when the samples have no labels
 * @param agreement the part of the samples for which the largest score is that of the same class;
 *     null when the output that is compared has one element for each sample
 * @param outputs one for each output of the parent
 */
public record Comparison(
    String runtime,
    long samples,
    @Nullable Accuracy parent,
    @Nullable Accuracy child,
    @Nullable Double agreement,
    List<OutputError> outputs) {
  public Comparison {
    outputs = List.copyOf(outputs);
  }
}
