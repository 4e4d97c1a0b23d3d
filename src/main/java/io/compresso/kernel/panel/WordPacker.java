package io.compresso.kernel.panel;

import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Packs elements of a matrix into words of 32 bits {@code [step][part][column]}, by way of arrays
 * that fit into the nearest caches. A step holds {@code grain} elements of each column.
 *
 * <p>Where integers do not fit into signed bytes, they are the sums of {@code parts} that do.
 */
public final class WordPacker {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final int TILE_WORDS = 1 << 13;

  /** Bytes that are worth another thread. */
  private static final long LEAST_BYTES = 1 << 16;

  private final MemorySegment data;
  private final DType type;
  private final boolean widens;
  private final int grain;
  private final int parts;

  /** Elements: integers, or the bits of floats. */
  private int[] values = new int[0];

  private byte[] bytes = new byte[0];
  private short[] shorts = new short[0];
  private int[] tile = new int[0];

  /** Columns of the rows that were packed last. */
  private int rowWords;

  /**
   * @param widens whether floats of 16 bits become ones of 32
   * @param grain elements of a word: 1, 2 or 4
   * @param parts 1, or with bytes up to 3
   */
  public WordPacker(MemorySegment data, DType type, boolean widens, int grain, int parts) {
    this.data = data;
    this.type = type;
    this.widens = widens;
    this.grain = grain;
    this.parts = parts;
  }

  /** In how many chunks panels are best packed; at most {@code panels}. */
  public static int chunks(int panels, long bytes, int threads) {
    return (int) Math.min(Math.min(panels, 2L * threads), bytes / LEAST_BYTES + 1);
  }

  /** So many steps of a number of columns are packed at a time, at least one. */
  public int stepsAtATime(int columns) {
    return Math.max(1, TILE_WORDS / (parts * columns));
  }

  /** Begins a tile of steps, all zero if {@code clear}. */
  public void begin(int steps, int columns, boolean clear) {
    int words = steps * parts * columns;
    if (tile.length < words) {
      tile = new int[words];
    } else if (clear) {
      Arrays.fill(tile, 0, words, 0);
    }
  }

  /**
   * Reads elements of one column, behind which zeros stand up to {@code room}.
   *
   * @param zeroPoint what integers are reduced by; 0 for floats
   * @return the sum of the integers
   */
  public int readColumn(long from, int count, int room, int zeroPoint) {
    read(from, count, room);
    int sum = 0;
    if (type.bits() == 8) {
      for (int i = 0; i < count; i++) {
        int value = values[i] - zeroPoint;
        values[i] = value;
        sum += value;
      }
    }
    for (int i = count; i < room; i++) {
      values[i] = 0;
    }
    return sum;
  }

  /**
   * Makes words of the rows of one step, which {@link #storeRow} writes.
   *
   * @param from the first element of the first row
   * @param stride elements from one row to the next
   * @param rows at most as many as a word holds
   * @param zeroPoints what integers are reduced by, one a column
   * @param sums to which integers are added, from {@code first} on; empty for floats
   */
  public void packRows(long from, long stride, int rows, int[] zeroPoints, int[] sums, int first) {
    int count = zeroPoints.length;
    rowWords = count;
    begin(1, count, rows < 4 || parts > 1);
    if (rows == 4 && parts == 1) {
      if (bytes.length < 4 * count) {
        bytes = new byte[4 * count];
      }
      for (int row = 0; row < 4; row++) {
        MemorySegment.copy(data, BYTE, from + row * stride, bytes, row * count, count);
      }
      int mask = type == DType.UINT8 ? 0xFF : -1;
      quads(bytes, mask, zeroPoints, sums, first, tile);
      return;
    }
    for (int row = 0; row < rows; row++) {
      read(from + row * stride, count, count);
      for (int i = 0; type.bits() == 8 && i < count; i++) {
        int value = values[i] - zeroPoints[i];
        values[i] = value;
        sums[first + i] += value;
      }
      for (int i = 0; i < count; i++) {
        putElement(values[i], row, i, count);
      }
    }
  }

  /** Of four rows of bytes. */
  private static void quads(
      byte[] rows, int mask, int[] zeroPoints, int[] sums, int first, int[] words) {
    int count = zeroPoints.length;
    int third = 2 * count;
    int fourth = 3 * count;
    for (int i = 0; i < count; i++) {
      int zeroPoint = zeroPoints[i];
      int a = (rows[i] & mask) - zeroPoint;
      int b = (rows[count + i] & mask) - zeroPoint;
      int c = (rows[third + i] & mask) - zeroPoint;
      int d = (rows[fourth + i] & mask) - zeroPoint;
      sums[first + i] += a + b + c + d;
      words[i] = a & 0xFF | (b & 0xFF) << 8 | (c & 0xFF) << 16 | d << 24;
    }
  }

  /**
   * Writes words of consecutive columns of the step that {@link #packRows} has made, with zeros
   * behind them.
   *
   * @param column the first one's number among those of the step
   * @param columns how many are written, of which {@code count} are there
   * @param step the step of the target
   */
  public void storeRow(int column, int count, int columns, MemorySegment target, long step) {
    for (int part = 0; part < parts; part++) {
      long at = 4 * (step * parts + part) * columns;
      MemorySegment.copy(tile, part * rowWords + column, target, INT, at, count);
      if (count < columns) {
        target.asSlice(at + 4L * count, 4L * (columns - count)).fill((byte) 0);
      }
    }
  }

  private void read(long from, int count, int room) {
    if (values.length < room) {
      values = new int[room];
    }
    switch (type.bits()) {
      case 8 -> readBytes(from, count);
      case 16 -> readHalves(from, count);
      default -> MemorySegment.copy(data, INT, 4 * from, values, 0, count);
    }
  }

  private void readBytes(long from, int count) {
    if (bytes.length < count) {
      bytes = new byte[count];
    }
    MemorySegment.copy(data, BYTE, from, bytes, 0, count);
    int mask = type == DType.UINT8 ? 0xFF : -1;
    for (int i = 0; i < count; i++) {
      values[i] = bytes[i] & mask;
    }
  }

  private void readHalves(long from, int count) {
    if (shorts.length < count) {
      shorts = new short[count];
    }
    MemorySegment.copy(data, SHORT, 2 * from, shorts, 0, count);
    boolean truncated = type == DType.BFLOAT16;
    for (int i = 0; i < count; i++) {
      short half = shorts[i];
      values[i] =
          !widens
              ? half
              : truncated ? half << 16 : Float.floatToRawIntBits(Float.float16ToFloat(half));
    }
  }

  /**
   * Puts every {@code stride}th element that was read of a column, from the {@code first} on.
   *
   * @param step the first step of the tile to write
   */
  public void putColumn(int first, int stride, int step, int steps, int column, int columns) {
    int at = step * parts * columns + column;
    if (parts > 1) {
      putParts(first, stride, steps, at, columns);
    } else if (grain == 4) {
      putQuads(first, stride, steps, at, columns);
    } else if (grain == 2) {
      putPairs(first, stride, steps, at, columns);
    } else {
      int to = at;
      for (int i = 0, from = first; i < steps; i++, from += stride) {
        tile[to] = values[from];
        to += columns;
      }
    }
  }

  private void putQuads(int first, int stride, int steps, int at, int columns) {
    int to = at;
    int from = first;
    for (int i = 0; i < steps; i++) {
      tile[to] =
          values[from] & 0xFF
              | (values[from + stride] & 0xFF) << 8
              | (values[from + 2 * stride] & 0xFF) << 16
              | values[from + 3 * stride] << 24;
      to += columns;
      from += 4 * stride;
    }
  }

  private void putPairs(int first, int stride, int steps, int at, int columns) {
    int to = at;
    int from = first;
    for (int i = 0; i < steps; i++) {
      tile[to] = values[from] & 0xFFFF | values[from + stride] << 16;
      to += columns;
      from += 2 * stride;
    }
  }

  private void putParts(int first, int stride, int steps, int at, int columns) {
    int from = first;
    for (int i = 0; i < steps; i++) {
      int to = at + i * parts * columns;
      for (int part = 0; part < parts; part++) {
        tile[to + part * columns] = 0;
      }
      for (int place = 0; place < grain; place++) {
        putElement(values[from], place, to, columns);
        from += stride;
      }
    }
  }

  /** Adds one element that was read to one place of a step; the tile was cleared. */
  public void put(int index, int step, int place, int column, int columns) {
    putElement(values[index], place, step * parts * columns + column, columns);
  }

  private void putElement(int value, int place, int to, int columns) {
    if (parts == 1) {
      int mask = -1 >>> (32 - 32 / grain);
      tile[to] |= (value & mask) << place * (32 / grain);
      return;
    }
    int rest = value;
    for (int part = 0; part < parts; part++) {
      int here = Math.clamp(rest, Byte.MIN_VALUE, Byte.MAX_VALUE);
      tile[to + part * columns] |= (here & 0xFF) << 8 * place;
      rest -= here;
    }
  }

  /**
   * Writes steps of the tile.
   *
   * @param targetStep the first step of the target to write
   */
  public void store(int step, int steps, int columns, MemorySegment target, long targetStep) {
    int words = parts * columns;
    MemorySegment.copy(tile, step * words, target, INT, 4 * targetStep * words, steps * words);
  }
}
