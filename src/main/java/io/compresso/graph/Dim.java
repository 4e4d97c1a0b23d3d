package io.compresso.graph;

import org.jspecify.annotations.Nullable;

/** One dimension of a value's type: a size, a name that stands for one, or nothing known. */
public sealed interface Dim {
  /** The dimension about which nothing is known. */
  Dim UNKNOWN = new Unknown();

  /**
   * A known size. Negative only as an element of an integer vector that dimensions are computed
   * from, such as the -1 of {@code Reshape}; never in a type.
   */
  record Fixed(long size) implements Dim {
    @Override
    public String toString() {
      return Long.toString(size);
    }
  }

  /** A named size; equal names are equal sizes within a graph. */
  record Symbol(String name) implements Dim {
    @Override
    public String toString() {
      return name;
    }
  }

  /** No knowledge. */
  record Unknown() implements Dim {
    @Override
    public String toString() {
      return "?";
    }
  }

  static Dim of(long size) {
    return new Fixed(size);
  }

  static Dim symbol(String name) {
    return name.isEmpty() ? UNKNOWN : new Symbol(name);
  }

  /** The size, or null when it is not known. */
  default @Nullable Long sizeOrNull() {
    return this instanceof Fixed(long size) ? size : null;
  }
}
