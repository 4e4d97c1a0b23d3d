package io.compresso.kernel.panel;

import io.compresso.kernel.panel.ByteGatherer.Form;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Which bytes of a row become which words. The pattern is repeated every so many bytes of a row.
 *
 * <p>The {@link #table} tells machine code: how many bytes the words of a period take, how many
 * words are made of it, and of each word the place of the word of the rows and the address of the
 * shuffle for each of its bytes, the place in the target, and that in the terms of what is
 * subtracted.
 */
public final class BytePattern {
  /** Stands for a byte that is missing; 0 is in its place. */
  public static final int NONE = -1;

  /** Where in a table the words begin. */
  public static final int HEADER_BYTES = 2 * Long.BYTES;

  private static final int WORD_BYTES = 4;

  /** For each byte of a word, each place of it in the word that is made: a vector of shuffles. */
  private static final MemorySegment SHUFFLES = shuffles();

  private final MemorySegment table;
  private final int periodBytes;
  private final long targetPeriod;

  /**
   * @param bytes of a period, as many for each word as the form has, or {@link #NONE}; the first of
   *     a word must be there
   * @param targets of each word: how far it lies behind the beginning of the period
   * @param periodBytes bytes of a row from one period to the next; what is not a multiple of 4 is
   *     not repeated
   * @param targetPeriod bytes of the target from one period to the next
   */
  public BytePattern(Form form, int[] bytes, long[] targets, int periodBytes, long targetPeriod) {
    this.periodBytes = periodBytes;
    this.targetPeriod = targetPeriod;
    int each = form.bytes();
    long[] longs = new long[2 + targets.length * (2 * each + 2)];
    int at = 0;
    longs[at++] = (long) periodBytes / WORD_BYTES * ByteGatherer.VECTOR_BYTES;
    longs[at++] = targets.length;
    for (int word = 0; word < targets.length; word++) {
      boolean whole = true;
      for (int i = 0; i < each; i++) {
        int index = bytes[word * each + i];
        int place = form == Form.QUADS ? i : 2 * i + 1;
        whole &= index != NONE;
        longs[at++] = (long) Math.max(index, 0) / WORD_BYTES * ByteGatherer.VECTOR_BYTES;
        longs[at++] = shuffle(index, place);
      }
      longs[at++] = targets[word];
      longs[at++] = whole ? ByteGatherer.MOVES : ByteGatherer.FIRST_MOVES;
    }
    this.table = Arena.ofAuto().allocate((long) Long.BYTES * longs.length, Long.BYTES);
    MemorySegment.copy(longs, 0, table, ValueLayout.JAVA_LONG, 0, longs.length);
  }

  private static long shuffle(int index, int place) {
    int number = index == NONE ? WORD_BYTES * WORD_BYTES : index % WORD_BYTES * WORD_BYTES + place;
    return SHUFFLES.address() + (long) number * ByteGatherer.VECTOR_BYTES;
  }

  private static MemorySegment shuffles() {
    int count = WORD_BYTES * WORD_BYTES + 1;
    byte[] bytes = new byte[count * ByteGatherer.VECTOR_BYTES];
    for (int i = 0; i < bytes.length; i++) {
      int number = i / ByteGatherer.VECTOR_BYTES;
      boolean here = number < count - 1 && i % WORD_BYTES == number % WORD_BYTES;
      int lane = i % 16 / WORD_BYTES * WORD_BYTES;
      bytes[i] = (byte) (here ? lane + number / WORD_BYTES : Byte.MIN_VALUE);
    }
    MemorySegment memory = Arena.global().allocate(bytes.length, ByteGatherer.VECTOR_BYTES);
    return memory.copyFrom(MemorySegment.ofArray(bytes));
  }

  /** The table, which must be kept alive while its address is in use. */
  public MemorySegment table() {
    return table;
  }

  /** Bytes of a row from one period to the next. */
  public int periodBytes() {
    return periodBytes;
  }

  /** Bytes of the target from one period to the next. */
  public long targetPeriod() {
    return targetPeriod;
  }
}
