package io.compresso.kernel.panel;

/**
 * Makes words of 32 bits of bytes of {@link WordTransposer#LANES} rows, whose words lie transposed,
 * by a {@link BytePattern}. Safe for use by many threads.
 */
public interface ByteGatherer extends AutoCloseable {
  /** Bytes of a vector: a word of each row. */
  int VECTOR_BYTES = 4 * WordTransposer.LANES;

  /** Where in {@code terms} stands what bytes are combined with by exclusive or, a word a row. */
  int FLIPS = 0;

  /** Where in {@code terms} sums of integers of 32 bits stand, one a row. */
  int SUMS = VECTOR_BYTES;

  /** Where in {@code terms} the pairs stand that pairs are reduced by. */
  int MOVES = 2 * VECTOR_BYTES;

  /** Where in {@code terms} the pairs stand that pairs without a second byte are reduced by. */
  int FIRST_MOVES = 3 * VECTOR_BYTES;

  int TERMS_BYTES = 4 * VECTOR_BYTES;

  /** What words are made of. */
  enum Form {
    /** Of four bytes. Sums are those of the bytes, which are signed after the exclusive or. */
    QUADS(4),
    /**
     * Of two bytes, which are signed after the exclusive or, widened to 16 bits and reduced. Sums
     * are those of the magnitudes.
     */
    PAIRS(2);

    private final int bytes;

    Form(int bytes) {
      this.bytes = bytes;
    }

    /** How many bytes a word is made of. */
    public int bytes() {
      return bytes;
    }
  }

  /** What brings the rows' words into the order that bytes are gathered from. */
  WordTransposer transposer();

  /**
   * Makes the words of some periods of a pattern of this form, and adds to the sums.
   *
   * @param words the address of the words {@code [word of a row][row]}
   * @param target the address that the pattern's targets count from
   * @param terms the address of {@link #TERMS_BYTES} bytes
   * @param periods at least 1
   */
  void gather(long words, BytePattern pattern, long target, long terms, int periods);

  @Override
  void close();
}
