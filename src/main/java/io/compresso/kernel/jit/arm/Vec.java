package io.compresso.kernel.jit.arm;

/**
 * A vector register as an instruction sees it: all of it or its lower half in elements of a width
 * ({@code v3.4s}), or as a scalar ({@code s3}).
 */
record Vec(int number, Shape shape) {
  /** Width and count of elements. */
  enum Shape {
    B8(0, 0),
    B16(0, 1),
    H4(1, 0),
    H8(1, 1),
    S2(2, 0),
    S4(2, 1),
    D1(3, 0),
    D2(3, 1),
    /** Scalars of 8, 16, 32, 64 and 128 bits. */
    B(0, 0),
    H(1, 0),
    S(2, 0),
    D(3, 0),
    Q(4, 0);

    private final int logBytes;
    private final int full;

    Shape(int logBytes, int full) {
      this.logBytes = logBytes;
      this.full = full;
    }

    /** The binary logarithm of an element's bytes: the field {@code size} of most encodings. */
    int logBytes() {
      return logBytes;
    }

    /** Bits of an element. */
    int bits() {
      return 8 << logBytes;
    }

    /** 1 if all 128 bits are used as a vector: the field {@code Q} of encodings. */
    int full() {
      return full;
    }
  }

  Vec {
    if (number < 0 || number > 31) {
      throw new IllegalArgumentException("no vector register " + number);
    }
  }

  /** One element of a register, {@code v3.s[1]}. */
  record Element(Vec vector, int index) {
    Element {
      if (index < 0 || index >= 16 >> vector.shape.logBytes) {
        throw new IllegalArgumentException("no element " + index + " of " + vector);
      }
    }

    int number() {
      return vector.number;
    }
  }

  /** The element of the given index. */
  Element at(int index) {
    return new Element(this, index);
  }

  /** The same register in another shape. */
  Vec as(Shape other) {
    return new Vec(number, other);
  }

  static Vec b8(int number) {
    return new Vec(number, Shape.B8);
  }

  static Vec b16(int number) {
    return new Vec(number, Shape.B16);
  }

  static Vec h4(int number) {
    return new Vec(number, Shape.H4);
  }

  static Vec h8(int number) {
    return new Vec(number, Shape.H8);
  }

  static Vec s4(int number) {
    return new Vec(number, Shape.S4);
  }

  static Vec d2(int number) {
    return new Vec(number, Shape.D2);
  }

  static Vec b(int number) {
    return new Vec(number, Shape.B);
  }

  static Vec h(int number) {
    return new Vec(number, Shape.H);
  }

  static Vec s(int number) {
    return new Vec(number, Shape.S);
  }

  static Vec d(int number) {
    return new Vec(number, Shape.D);
  }

  static Vec q(int number) {
    return new Vec(number, Shape.Q);
  }
}
