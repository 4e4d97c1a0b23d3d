package io.compresso.kernel.panel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Packs rows of bytes into words, {@link WordTransposer#LANES} rows side by side, as a {@link
 * BytePattern} says: parts of the rows that fit into the nearest cache are transposed, then
 * gathered from. For use by one thread.
 */
public final class ByteColumns implements AutoCloseable {
  private static final int LANES = WordTransposer.LANES;
  private static final int VECTOR_BYTES = ByteGatherer.VECTOR_BYTES;
  private static final int WORD_BYTES = 4;

  /** Words of a row that are transposed at a time. */
  private static final int WORDS = WordTransposer.ADJACENT;

  private static final int ROWS_BYTES = LANES * Long.BYTES;
  private static final int HIGH_BITS = 0x80808080;

  private final ByteGatherer gatherer;
  private final BytePattern whole;
  private final @Nullable BytePattern rest;
  private final int blockBytes;
  private final Scratch scratch;

  /** What bytes are combined with, sums, and what pairs are reduced by. */
  private final MemorySegment terms;

  /** The addresses of the rows. */
  private final MemorySegment rows;

  /** Bytes at the end of rows that do not fill a word. */
  private final MemorySegment ends;

  private final MemorySegment words;
  private final long[] addresses = new long[LANES];

  /**
   * @param whole what becomes of the bytes of a row, period by period
   * @param rest what becomes of those after the last whole period; null where none are left
   */
  public ByteColumns(ByteGatherer gatherer, BytePattern whole, @Nullable BytePattern rest) {
    this.gatherer = gatherer;
    this.whole = whole;
    this.rest = rest;
    int period = whole.periodBytes();
    this.blockBytes = Math.max(1, WORDS * WORD_BYTES / period) * period;
    long wordsBytes = (long) VECTOR_BYTES * Math.ceilDiv(blockBytes, WORD_BYTES);
    int tables = ByteGatherer.TERMS_BYTES + VECTOR_BYTES + ROWS_BYTES;
    this.scratch = Scratch.of(tables + wordsBytes);
    MemorySegment memory = scratch.segment();
    this.terms = memory.asSlice(0, ByteGatherer.TERMS_BYTES);
    this.ends = memory.asSlice(ByteGatherer.TERMS_BYTES, VECTOR_BYTES);
    this.rows = memory.asSlice(ByteGatherer.TERMS_BYTES + VECTOR_BYTES, ROWS_BYTES);
    this.words = memory.asSlice(tables, wordsBytes);
  }

  /**
   * Begins with other rows, whose sums are 0.
   *
   * @param count how many rows there are, at least 1
   * @param unsigned whether bytes are unsigned, of which 128 are subtracted
   * @param moves what pairs of each row are reduced by further; null for nothing
   */
  public void begin(int count, boolean unsigned, @Nullable IntUnaryOperator moves) {
    int[] values = new int[ByteGatherer.TERMS_BYTES / WORD_BYTES];
    for (int lane = 0; lane < count; lane++) {
      values[ByteGatherer.FLIPS / WORD_BYTES + lane] = unsigned ? HIGH_BITS : 0;
      if (moves != null) {
        int move = moves.applyAsInt(lane);
        values[ByteGatherer.MOVES / WORD_BYTES + lane] = move << Short.SIZE | move & 0xFFFF;
        values[ByteGatherer.FIRST_MOVES / WORD_BYTES + lane] = move & 0xFFFF;
      }
    }
    MemorySegment.copy(values, 0, terms, ValueLayout.JAVA_INT, 0, values.length);
  }

  /**
   * Packs bytes of the rows that {@link #begin} was called for.
   *
   * @param data off-heap memory that begins with the first byte of the first row
   * @param stride bytes from one row to the next
   * @param count how many rows there are
   * @param bytes how many of each are packed
   * @param target the address that the pattern's targets count from
   */
  public void pack(MemorySegment data, long stride, int count, int bytes, long target) {
    long to = target;
    for (int done = 0; done < bytes; done += blockBytes) {
      int here = Math.min(blockBytes, bytes - done);
      transpose(data.asSlice(done), stride, count, here);
      int periods = here / whole.periodBytes();
      if (periods > 0) {
        gatherer.gather(words.address(), whole, to, terms.address(), periods);
        to += periods * whole.targetPeriod();
      }
      int packed = periods * whole.periodBytes();
      if (packed < here && rest != null) {
        long from = words.address() + (long) packed / WORD_BYTES * VECTOR_BYTES;
        gatherer.gather(from, rest, to, terms.address(), 1);
      }
    }
  }

  private void transpose(MemorySegment data, long stride, int count, int bytes) {
    int length = bytes / WORD_BYTES;
    MemorySegment all = data.asSlice(0, (count - 1) * stride + bytes);
    for (int done = 0; done < length; done += WORDS) {
      long first = all.address() + (long) WORD_BYTES * done;
      transpose(first, stride, count, Math.min(WORDS, length - done), done);
    }
    int left = bytes % WORD_BYTES;
    if (left > 0) {
      ends.fill((byte) 0);
      for (int lane = 0; lane < count; lane++) {
        long from = lane * stride + (long) length * WORD_BYTES;
        MemorySegment.copy(all, from, ends, (long) lane * WORD_BYTES, left);
      }
      transpose(ends.address(), WORD_BYTES, count, 1, length);
    }
  }

  private void transpose(long first, long stride, int count, int length, int word) {
    for (int lane = 0; lane < LANES; lane++) {
      addresses[lane] = first + Math.min(lane, count - 1) * stride;
    }
    MemorySegment.copy(addresses, 0, rows, ValueLayout.JAVA_LONG, 0, LANES);
    gatherer
        .transposer()
        .transpose(
            rows.address(),
            count,
            WordTransposer.adjacent(),
            length,
            words.address() + (long) word * VECTOR_BYTES);
  }

  /** The sum of a row since {@link #begin}. */
  public int sum(int lane) {
    return terms.get(ValueLayout.JAVA_INT, ByteGatherer.SUMS + (long) WORD_BYTES * lane);
  }

  @Override
  public void close() {
    scratch.close();
  }
}
