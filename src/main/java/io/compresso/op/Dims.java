package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Arithmetic on dimensions that may be symbols or unknown, for shape rules. */
final class Dims {
  /** The longest vector whose elements are followed. */
  private static final int MOST = 1024;

  private Dims() {}

  /** The dimensions of a shape. */
  static List<Dim> of(Shape shape) {
    return Arrays.stream(shape.dims()).mapToObj(Dim::of).toList();
  }

  /** {@code rank} dimensions about which nothing is known. */
  static List<Dim> unknown(int rank) {
    return new ArrayList<>(Collections.nCopies(rank, Dim.UNKNOWN));
  }

  /** Whether the size, as far as it is known, is a multiple of {@code divisor}. */
  static boolean isMultiple(Dim dim, long divisor) {
    Long size = dim.sizeOrNull();
    return size == null || size % divisor == 0;
  }

  /** The product; a symbol when all the others are 1; unknown when it can't be named. */
  static Dim product(List<Dim> dims) {
    long product = 1;
    Dim symbol = null;
    boolean named = true;
    for (Dim dim : dims) {
      if (dim instanceof Dim.Fixed fixed) {
        if (fixed.size() == 0) {
          return Dim.of(0);
        }
        product *= fixed.size();
      } else if (dim instanceof Dim.Symbol) {
        named &= symbol == null;
        symbol = dim;
      } else {
        named = false;
      }
    }
    if (!named) {
      return Dim.UNKNOWN;
    }
    if (symbol == null) {
      return Dim.of(product);
    }
    return product == 1 ? symbol : Dim.UNKNOWN;
  }

  /** The sum; {@code x + 0} is {@code x}. */
  static Dim plus(Dim left, Dim right) {
    Long a = left.sizeOrNull();
    Long b = right.sizeOrNull();
    if (a != null && b != null) {
      return Dim.of(a + b);
    }
    if (a != null && a == 0) {
      return right;
    }
    return b != null && b == 0 ? left : Dim.UNKNOWN;
  }

  /** Multidirectional broadcasting; null when a rank is not known. */
  static @Nullable List<Dim> broadcast(
      ShapeContext context, @Nullable List<Dim> left, @Nullable List<Dim> right) {
    if (left == null || right == null) {
      return null;
    }
    int rank = Math.max(left.size(), right.size());
    List<Dim> result = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      int a = i - (rank - left.size());
      int b = i - (rank - right.size());
      result.add(
          broadcast(context, a < 0 ? Dim.of(1) : left.get(a), b < 0 ? Dim.of(1) : right.get(b)));
    }
    return result;
  }

  private static Dim broadcast(ShapeContext context, Dim left, Dim right) {
    Long a = left.sizeOrNull();
    Long b = right.sizeOrNull();
    if (a != null && a == 1) {
      return right;
    }
    if (b != null && b == 1 || left.equals(right)) {
      return left;
    }
    if (a != null && b != null) {
      throw context.error("dimensions " + a + " and " + b + " do not broadcast");
    }
    return a != null ? left : b != null ? right : Dim.UNKNOWN;
  }

  /** What two dimensions that must be equal tell together. */
  static Dim merge(ShapeContext context, Dim left, Dim right) {
    Long a = left.sizeOrNull();
    Long b = right.sizeOrNull();
    if (a != null && b != null && !a.equals(b)) {
      throw context.error("dimensions " + a + " and " + b + " differ");
    }
    if (a != null || b == null && !(left instanceof Dim.Unknown)) {
      return left;
    }
    return right;
  }

  /** What holds for either of two types, as for the branches of {@code If}. */
  static ValueType either(ValueType left, ValueType right) {
    if (left.equals(right)) {
      return left;
    }
    if (left instanceof ValueType.TensorType(DType a, List<Dim> x)
        && right instanceof ValueType.TensorType(DType b, List<Dim> y)
        && a == b) {
      return new ValueType.TensorType(a, either(x, y));
    }
    if (left instanceof ValueType.SequenceType(ValueType a)
        && right instanceof ValueType.SequenceType(ValueType b)) {
      return new ValueType.SequenceType(a == null || b == null ? null : either(a, b));
    }
    if (left instanceof ValueType.OptionalType(ValueType a)
        && right instanceof ValueType.OptionalType(ValueType b)) {
      return new ValueType.OptionalType(a == null || b == null ? null : either(a, b));
    }
    return ValueType.UNKNOWN;
  }

  private static @Nullable List<Dim> either(@Nullable List<Dim> left, @Nullable List<Dim> right) {
    if (left == null || right == null || left.size() != right.size()) {
      return null;
    }
    List<Dim> result = new ArrayList<>();
    for (int i = 0; i < left.size(); i++) {
      result.add(left.get(i).equals(right.get(i)) ? left.get(i) : Dim.UNKNOWN);
    }
    return result;
  }

  /** The axis counted from 0; blames the node when it is outside the rank. */
  static int axis(ShapeContext context, long axis, int rank) {
    if (axis < -rank || axis >= rank) {
      throw context.error("axis " + axis + " is outside rank " + rank);
    }
    return (int) (axis < 0 ? axis + rank : axis);
  }

  /** The known elements of an integer input, of a constant as of a computed one; null if none. */
  static @Nullable List<Dim> elements(ShapeContext context, int index) {
    List<Dim> elements = context.input(index).elements();
    if (elements != null) {
      return elements;
    }
    Tensor constant = context.constant(index);
    return constant == null ? null : elementsOf(constant);
  }

  /** The elements of an integer scalar or short vector; null of any other tensor. */
  static @Nullable List<Dim> elementsOf(Tensor tensor) {
    if (!tensor.dtype().isInteger() || tensor.shape().rank() > 1 || tensor.size() > MOST) {
      return null;
    }
    return Arrays.stream(tensor.toLongs()).mapToObj(Dim::of).toList();
  }

  /** The values of an integer input when all are known, else null. */
  static long @Nullable [] longs(ShapeContext context, int index) {
    Tensor constant = context.constant(index);
    if (constant != null) {
      return constant.toLongs();
    }
    List<Dim> elements = elements(context, index);
    if (elements == null) {
      return null;
    }
    long[] values = new long[elements.size()];
    for (int i = 0; i < values.length; i++) {
      Long size = elements.get(i).sizeOrNull();
      if (size == null) {
        return null;
      }
      values[i] = size;
    }
    return values;
  }

  /** The length of a vector input when it is known, else null. */
  static @Nullable Integer length(ShapeContext context, int index) {
    List<Dim> elements = elements(context, index);
    if (elements != null) {
      return elements.size();
    }
    List<Dim> dims = context.dims(index);
    Long size = dims == null || dims.size() != 1 ? null : dims.getFirst().sizeOrNull();
    return size == null || size > Integer.MAX_VALUE ? null : size.intValue();
  }

  /** A tensor's type; unknown when the element type is. */
  static Inferred tensor(@Nullable DType dtype, @Nullable List<Dim> dims) {
    return dtype == null ? Inferred.UNKNOWN : Inferred.tensor(dtype, dims);
  }
}
