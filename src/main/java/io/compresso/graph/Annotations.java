package io.compresso.graph;

import java.util.Arrays;
import java.util.Map;

/**
 * What a model element carries besides its meaning: documentation, metadata, and the wire bytes of
 * fields that this version does not know, so that writing a model loses nothing.
 *
 * @param doc documentation, empty when there is none
 * @param metadata the {@code metadata_props}, in order
 * @param unknown serialized fields that the codec did not understand
 */
public record Annotations(String doc, Map<String, String> metadata, byte[] unknown) {
  public static final Annotations NONE = new Annotations("", Map.of(), new byte[0]);

  @Override
  public boolean equals(Object other) {
    return other instanceof Annotations(String d, Map<String, String> m, byte[] u)
        && d.equals(doc)
        && m.equals(metadata)
        && Arrays.equals(u, unknown);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * doc.hashCode() + metadata.hashCode()) + Arrays.hashCode(unknown);
  }

  @Override
  public String toString() {
    return doc + metadata;
  }
}
