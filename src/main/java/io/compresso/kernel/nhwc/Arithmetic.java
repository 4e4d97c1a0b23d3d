package io.compresso.kernel.nhwc;

import io.compresso.tensor.DType;

/**
 * How products are computed. One step of a sum takes some bits of filter an output channel, 32
 * where nothing else is said, and the elements of the input that they are multiplied by.
 */
public enum Arithmetic {
  /** One product of floats a step, summed in floats. */
  FLOATS(4, 1, 1),
  /** As {@link #FLOATS}, of filters of 16 bits, which are widened whenever they are read. */
  WIDENED_HALVES(4, 1, 1),
  /** Two products of bfloat16 numbers a step, summed in floats. */
  BFLOATS(2, 2, 1),
  /** Four products of unsigned with signed bytes a step, summed in 32 bits. */
  BYTES(1, 4, 1),
  /** Four products of signed bytes a step, summed in 32 bits. */
  SIGNED_BYTES(1, 4, 1),
  /** Two products of 16-bit integers a step, summed in 32 bits. */
  WORDS(2, 2, 1),
  /** One product of an unsigned byte with a 16-bit integer a step, summed in 32 bits. */
  WIDENED_BYTES(1, 1, 1),
  /** As {@link #BYTES}, sixteen steps at a time. */
  UNITS_OF_BYTES(1, 4, 16);

  private static final int MOVE = 128;

  private final int elementBytes;
  private final int grain;
  private final int unit;

  Arithmetic(int elementBytes, int grain, int unit) {
    this.elementBytes = elementBytes;
    this.grain = grain;
    this.unit = unit;
  }

  /** The steps of a run come in multiples of it. */
  public int unit() {
    return unit;
  }

  /** Bytes of an element of the input as the tiles read it. */
  public int elementBytes() {
    return elementBytes;
  }

  /** Elements of a step. */
  public int grain() {
    return grain;
  }

  /** Bytes of a filter that a step takes for an output channel. */
  public int filterBytes() {
    return this == WIDENED_HALVES ? Short.BYTES : Integer.BYTES;
  }

  /** How inputs of {@code type} differ in these elements: what is added to each. */
  public int move(DType type) {
    return switch (type) {
      case UINT8 -> this == SIGNED_BYTES ? -MOVE : 0;
      case INT8 -> this == SIGNED_BYTES ? 0 : MOVE;
      default -> 0;
    };
  }

  /** Whether filters are signed bytes. */
  boolean hasByteFilters() {
    return this == BYTES || this == SIGNED_BYTES || this == UNITS_OF_BYTES;
  }

  public boolean isInteger() {
    return this != FLOATS && this != WIDENED_HALVES && this != BFLOATS;
  }
}
