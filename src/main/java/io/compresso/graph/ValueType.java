package io.compresso.graph;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The type of a value, as ONNX's {@code TypeProto} has it. */
public sealed interface ValueType {
  /**
   * A dense tensor.
   *
   * @param dims the dimensions, none negative; null when not even the rank is known
   */
  record TensorType(DType dtype, @Nullable List<Dim> dims) implements ValueType {
    public TensorType {
      dims = dims == null ? null : List.copyOf(dims);
      if (dims != null) {
        for (Dim dim : dims) {
          if (dim instanceof Dim.Fixed(long size) && size < 0) {
            throw new IllegalArgumentException("negative dimension in " + dims);
          }
        }
      }
    }

    /** The shape, when all dimensions are known, else null. */
    public @Nullable Shape shapeOrNull() {
      if (dims == null) {
        return null;
      }
      long[] sizes = new long[dims.size()];
      for (int axis = 0; axis < sizes.length; axis++) {
        if (!(dims.get(axis) instanceof Dim.Fixed(long size))) {
          return null;
        }
        sizes[axis] = size;
      }
      return Shape.of(sizes);
    }

    @Override
    public String toString() {
      return dims == null
          ? dtype + "[...]"
          : dims.stream().map(Dim::toString).collect(Collectors.joining(",", dtype + "[", "]"));
    }
  }

  /** A sparse tensor. */
  record SparseTensorType(DType dtype, @Nullable List<Dim> dims) implements ValueType {}

  /** A sequence; the element type is null when the model does not say it. */
  record SequenceType(@Nullable ValueType element) implements ValueType {}

  /** An optional; the element type is null when the model does not say it. */
  record OptionalType(@Nullable ValueType element) implements ValueType {}

  /** A map from a key type to a value type (ONNX-ML). */
  record MapType(DType key, @Nullable ValueType value) implements ValueType {}

  /** Nothing is known. */
  record UnknownType() implements ValueType {
    @Override
    public String toString() {
      return "?";
    }
  }

  /** The type of which nothing is known. */
  ValueType UNKNOWN = new UnknownType();

  /** Whether nothing is known, not even whether it is a tensor. */
  default boolean isUnknown() {
    return this instanceof UnknownType;
  }

  /** A dense tensor of known shape. */
  static TensorType tensor(DType dtype, Shape shape) {
    List<Dim> dims = new ArrayList<>(shape.rank());
    for (int axis = 0; axis < shape.rank(); axis++) {
      dims.add(Dim.of(shape.dim(axis)));
    }
    return new TensorType(dtype, dims);
  }
}
