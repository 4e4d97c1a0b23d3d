package io.compresso.engine;

import java.util.Set;

/**
 * What the listeners of a session see.
 *
 * @param values names of values of the model's graph
 * @param anyLayout whether values may be shown with their channels as the last axis, {@code [N,
 *     spatial..., C]}, where the compiled graph has them so: {@link Session#showsChannelsLast}
 *     tells
 */
public record Observation(Set<String> values, boolean anyLayout) {
  public Observation {
    values = Set.copyOf(values);
  }
}
