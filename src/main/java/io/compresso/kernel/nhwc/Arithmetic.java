package io.compresso.kernel.nhwc;

/**
 * How products are computed. One step of a sum takes 32 bits of input a pixel and 32 bits of filter
 * an output channel.
 */
public enum Arithmetic {
  /** One product of floats a step, summed in floats. */
  FLOATS(4),
  /** Four products of unsigned with signed bytes a step, summed in 32 bits. */
  BYTES(1),
  /** Two products of 16-bit integers a step, summed in 32 bits. */
  WORDS(2);

  private static final int STEP_BYTES = 4;

  private final int elementBytes;

  Arithmetic(int elementBytes) {
    this.elementBytes = elementBytes;
  }

  /** Bytes of an element of the input as the tiles read it. */
  public int elementBytes() {
    return elementBytes;
  }

  /** Elements of a step. */
  public int grain() {
    return STEP_BYTES / elementBytes;
  }

  public boolean isInteger() {
    return this != FLOATS;
  }
}
