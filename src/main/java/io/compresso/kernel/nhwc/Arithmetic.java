package io.compresso.kernel.nhwc;

/**
 * How products are computed. One step of a sum takes 32 bits of filter an output channel, and the
 * elements of the input that they are multiplied by.
 */
public enum Arithmetic {
  /** One product of floats a step, summed in floats. */
  FLOATS(4, 1),
  /** Four products of unsigned with signed bytes a step, summed in 32 bits. */
  BYTES(1, 4),
  /** Two products of 16-bit integers a step, summed in 32 bits. */
  WORDS(2, 2),
  /** One product of an unsigned byte with a 16-bit integer a step, summed in 32 bits. */
  WIDENED_BYTES(1, 1);

  private final int elementBytes;
  private final int grain;

  Arithmetic(int elementBytes, int grain) {
    this.elementBytes = elementBytes;
    this.grain = grain;
  }

  /** Bytes of an element of the input as the tiles read it. */
  public int elementBytes() {
    return elementBytes;
  }

  /** Elements of a step. */
  public int grain() {
    return grain;
  }

  public boolean isInteger() {
    return this != FLOATS;
  }
}
