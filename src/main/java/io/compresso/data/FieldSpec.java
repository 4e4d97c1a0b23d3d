package io.compresso.data;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A field of each sample and where it comes from.
 *
 * @param name the field's name, by which it is bound to a model's input
 * @param sources CSV columns (names, indices from 0, or ranges like {@code 0-3}), or the one array
 *     or file; empty for all that is not a label
 * @param shape the shape of each sample, of as many elements; null for the source's own
 * @param dtype null for the source's own; floats for CSV
 */
public record FieldSpec(
    String name, List<String> sources, @Nullable Shape shape, @Nullable DType dtype) {
  public FieldSpec {
    sources = List.copyOf(sources);
    if (name.isEmpty()) {
      throw SpecReader.invalid("fields", "a field's name must not be empty");
    }
  }

  static FieldSpec of(SpecReader spec) {
    String name = spec.string("name");
    if (name == null) {
      throw SpecReader.invalid(spec.path("name"), "is missing");
    }
    List<String> sources = spec.strings("columns");
    String source = spec.string("source");
    if (source != null) {
      if (!sources.isEmpty()) {
        throw SpecReader.invalid(
            spec.path("source"), "only one of source and columns may be given");
      }
      sources = List.of(source);
    }
    Shape shape = null;
    if (spec.has("shape")) {
      long[] dims = spec.numbers("shape").stream().mapToLong(Double::longValue).toArray();
      try {
        shape = Shape.of(dims);
      } catch (IllegalArgumentException e) {
        throw SpecReader.invalid(spec.path("shape"), String.valueOf(e.getMessage()));
      }
    }
    FieldSpec field = new FieldSpec(name, sources, shape, spec.dtype("dtype"));
    spec.end();
    return field;
  }
}
