package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a value before a run.
 *
 * @param type its type
 * @param elements of an integer scalar or vector that holds dimensions, the elements as far as they
 *     are known; null when nothing is
 */
public record Inferred(ValueType type, @Nullable List<Dim> elements) {
  /** Nothing is known. */
  public static final Inferred UNKNOWN = new Inferred(ValueType.UNKNOWN, null);

  public static Inferred of(ValueType type) {
    return new Inferred(type, null);
  }

  public static Inferred tensor(DType dtype, @Nullable List<Dim> dims) {
    return new Inferred(new ValueType.TensorType(dtype, dims), null);
  }
}
