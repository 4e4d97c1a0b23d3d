package io.compresso.technique;

import org.jspecify.annotations.Nullable;

/**
 * One thing that is wrong with a job.
 *
 * @param path the field to blame, as in {@code pipeline[0].quantize.weights.bits}; empty when it is
 *     the whole
 * @param node the label of the model's node or value to blame, or null
 * @param message what is wrong, and what is allowed
 */
public record Problem(String path, @Nullable String node, String message) {
  public static Problem at(String path, String message) {
    return new Problem(path, null, message);
  }

  @Override
  public String toString() {
    return path.isEmpty() ? message : path + ": " + message;
  }
}
