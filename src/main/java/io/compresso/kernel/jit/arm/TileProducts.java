package io.compresso.kernel.jit.arm;

import io.compresso.kernel.Isa;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.tensor.DType;

/** How the elements of tiles are multiplied. */
enum TileProducts {
  /** Floats, by {@code fmla}. */
  FLOATS(Arithmetic.FLOATS),
  /** Signed bytes, by {@code smull} and {@code sadalp}. */
  WIDENED(Arithmetic.SIGNED_BYTES),
  /** Signed bytes, by {@code sdot}. */
  DOT(Arithmetic.SIGNED_BYTES),
  /** Signed bytes, two pixels and two channels at a time, by {@code smmla}. */
  SIGNED_MATRIX(Arithmetic.SIGNED_BYTES),
  /** Unsigned with signed bytes, two pixels and two channels at a time, by {@code usmmla}. */
  UNSIGNED_MATRIX(Arithmetic.BYTES),
  /** Numbers of bfloat16, two pixels and two channels at a time, by {@code bfmmla}. */
  BFLOAT_MATRIX(Arithmetic.BFLOATS),
  /** Floats of a channel each, by {@code fmla}. */
  DEPTHWISE_FLOATS(Arithmetic.FLOATS),
  /** Bytes of a channel each, by {@code smlal}. */
  DEPTHWISE_BYTES(Arithmetic.WIDENED_BYTES);

  private static final int MOST_PIXELS = 8;

  private final Arithmetic arithmetic;

  TileProducts(Arithmetic arithmetic) {
    this.arithmetic = arithmetic;
  }

  /** How bytes are multiplied on a rung. */
  static TileProducts ofBytes(Isa isa, DType input) {
    return switch (isa) {
      case NEON -> WIDENED;
      case NEON_DOTPROD -> DOT;
      default -> input == DType.INT8 ? SIGNED_MATRIX : UNSIGNED_MATRIX;
    };
  }

  Arithmetic arithmetic() {
    return arithmetic;
  }

  boolean isMatrix() {
    return this == SIGNED_MATRIX || this == UNSIGNED_MATRIX || this == BFLOAT_MATRIX;
  }

  boolean isDepthwise() {
    return this == DEPTHWISE_FLOATS || this == DEPTHWISE_BYTES;
  }

  /** Registers of a sum of four channels. */
  int sumRegisters() {
    return this == WIDENED ? 2 : 1;
  }

  /** Registers for filters and for values in between, with panels of so many vectors. */
  int otherRegisters(int vectors) {
    if (isMatrix()) {
      return 4;
    }
    return this == WIDENED ? vectors + 3 : Math.max(vectors, 4);
  }

  /** Pixels of the largest tile with panels of so many vectors. */
  int mostPixels(int vectors) {
    int free = Registers.COUNT - otherRegisters(vectors);
    int pixels = Math.min(MOST_PIXELS, free / (vectors * sumRegisters() + 1));
    return isMatrix() ? pixels & ~1 : pixels;
  }
}
