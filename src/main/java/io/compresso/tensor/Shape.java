package io.compresso.tensor;

import java.util.Arrays;

/** The dimensions of a tensor; a scalar has none. Immutable. */
public final class Shape {
  /** The shape of a scalar. */
  public static final Shape SCALAR = new Shape(new long[0]);

  private final long[] dims;
  private final long size;

  private Shape(long[] dims) {
    long product = 1;
    boolean empty = false;
    for (long dim : dims) {
      if (dim < 0) {
        throw new IllegalArgumentException("negative dimension in " + Arrays.toString(dims));
      }
      empty |= dim == 0;
    }
    if (!empty) {
      for (long dim : dims) {
        try {
          product = Math.multiplyExact(product, dim);
        } catch (ArithmeticException e) {
          throw new IllegalArgumentException(
              "dimensions " + Arrays.toString(dims) + " overflow", e);
        }
      }
    }
    this.dims = dims;
    this.size = empty ? 0 : product;
  }

  /**
   * A shape of the given dimensions.
   *
   * @throws IllegalArgumentException if one is negative or their product overflows
   */
  public static Shape of(long... dims) {
    return dims.length == 0 ? SCALAR : new Shape(dims.clone());
  }

  /** The number of dimensions. */
  public int rank() {
    return dims.length;
  }

  /** The dimension on {@code axis}; a negative axis counts from the end. */
  public long dim(int axis) {
    return dims[axis < 0 ? axis + dims.length : axis];
  }

  /** The dimensions, a copy. */
  public long[] dims() {
    return dims.clone();
  }

  /** The number of elements. */
  public long size() {
    return size;
  }

  /** The number of elements of the dimensions from {@code from} (inclusive) to {@code to}. */
  public long size(int from, int to) {
    long product = 1;
    for (int axis = from; axis < to; axis++) {
      product *= dims[axis];
    }
    return product;
  }

  /** The row-major strides, in elements. */
  public long[] strides() {
    long[] strides = new long[dims.length];
    long stride = 1;
    for (int axis = dims.length - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= dims[axis];
    }
    return strides;
  }

  /**
   * The axis as an index from 0.
   *
   * @throws IllegalArgumentException if it is outside {@code [-rank, rank)}
   */
  public int normalizeAxis(long axis) {
    if (axis < -dims.length || axis >= Math.max(1, dims.length)) {
      throw new IllegalArgumentException("axis " + axis + " is outside rank " + dims.length);
    }
    return (int) (axis < 0 ? axis + dims.length : axis);
  }

  /** The same shape with another dimension on {@code axis}. */
  public Shape with(int axis, long dim) {
    long[] copy = dims.clone();
    copy[axis < 0 ? axis + dims.length : axis] = dim;
    return new Shape(copy);
  }

  /**
   * The shape that both broadcast to, by ONNX's multidirectional rule.
   *
   * @throws IllegalArgumentException if the shapes do not broadcast
   */
  public Shape broadcast(Shape other) {
    int rank = Math.max(rank(), other.rank());
    long[] result = new long[rank];
    for (int i = 0; i < rank; i++) {
      int a = i - (rank - rank());
      int b = i - (rank - other.rank());
      long left = a < 0 ? 1 : dims[a];
      long right = b < 0 ? 1 : other.dims[b];
      if (left != right && left != 1 && right != 1) {
        throw new IllegalArgumentException(
            "shapes " + this + " and " + other + " do not broadcast");
      }
      result[i] = left == 1 ? right : left;
    }
    return of(result);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  @Override
  public String toString() {
    return Arrays.toString(dims);
  }
}
