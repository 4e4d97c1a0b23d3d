package io.compresso.kernel.jit.x86;

/** A vector register of a length: {@code xmm}, {@code ymm} or {@code zmm}. */
record Vec(int number, Length length) {
  /** How much of the register an instruction uses; the ordinal is the field in encodings. */
  enum Length {
    XMM(16),
    YMM(32),
    ZMM(64);

    private final int bytes;

    Length(int bytes) {
      this.bytes = bytes;
    }

    int bytes() {
      return bytes;
    }

    /** 32-bit elements. */
    int lanes() {
      return bytes / 4;
    }
  }

  Vec {
    if (number < 0 || number > 31) {
      throw new IllegalArgumentException("no vector register " + number);
    }
  }

  static Vec xmm(int number) {
    return new Vec(number, Length.XMM);
  }

  static Vec ymm(int number) {
    return new Vec(number, Length.YMM);
  }

  static Vec zmm(int number) {
    return new Vec(number, Length.ZMM);
  }

  /** The same register under another length. */
  Vec as(Length other) {
    return new Vec(number, other);
  }
}
