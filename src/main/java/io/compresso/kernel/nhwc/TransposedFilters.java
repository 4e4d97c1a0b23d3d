package io.compresso.kernel.nhwc;

import io.compresso.kernel.nhwc.WinogradBackend.FilterKernel;
import io.compresso.kernel.panel.Scratch;
import io.compresso.kernel.panel.WordTransposer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Filters of a vector of output channels on their way through a {@link FilterKernel}. */
final class TransposedFilters implements AutoCloseable {
  private static final int LANES = WordTransposer.LANES;
  private static final int AREA = WinogradTransform.TAPS * WinogradTransform.TAPS;
  private static final int VECTOR_BYTES = 4 * LANES;

  /** Input channels at a time, whose filters fit into the nearest cache. */
  private static final int BLOCK = 32;

  private final FilterKernel kernel;
  private final MemorySegment data;
  private final boolean halves;
  private final int channels;
  private final int block;
  private final short[] narrow;
  private final float[] wide;
  private final Scratch scratch;

  /** The addresses of the rows. */
  private final MemorySegment rows;

  private final MemorySegment largest;

  /** Where each element of a row goes. */
  private final MemorySegment offsets;

  private final MemorySegment filters;

  /** Rows of halves, as floats. */
  private final MemorySegment widened;

  /**
   * @param data off-heap filters {@code [output channel][input channel of its group][tap]}
   * @param halves whether they are of half precision
   * @param channels of the input of a group
   */
  TransposedFilters(FilterKernel kernel, MemorySegment data, boolean halves, int channels) {
    this.kernel = kernel;
    this.data = data;
    this.halves = halves;
    this.channels = channels;
    this.block = Math.min(BLOCK, channels);
    int most = AREA * block;
    this.narrow = new short[halves ? most : 0];
    this.wide = new float[halves ? most : 0];
    long rowsBytes = (long) LANES * ValueLayout.JAVA_LONG.byteSize();
    long filterBytes = (long) most * VECTOR_BYTES;
    long widenedBytes = halves ? 4L * LANES * most : 0;
    this.scratch = Scratch.of(rowsBytes + VECTOR_BYTES + filterBytes + widenedBytes + 8L * most);
    MemorySegment memory = scratch.segment();
    this.rows = memory.asSlice(0, rowsBytes);
    this.largest = memory.asSlice(rowsBytes, VECTOR_BYTES);
    this.filters = memory.asSlice(rowsBytes + VECTOR_BYTES, filterBytes);
    this.widened = memory.asSlice(rowsBytes + VECTOR_BYTES + filterBytes, widenedBytes);
    this.offsets = memory.asSlice(memory.byteSize() - 8L * most, 8L * most);
    largest.fill((byte) 0);
    for (int i = 0; i < most; i++) {
      offsets.setAtIndex(ValueLayout.JAVA_LONG, i, (long) i * VECTOR_BYTES);
    }
  }

  /**
   * Transforms the filters of some output channels.
   *
   * @param count of output channels, at most as many as a vector has
   * @param target the address of the first position of the first input channel
   * @param positionBytes from one value of a transformed filter to the next
   * @param channelBytes from one transformed filter to the next
   */
  void transform(int first, int count, long target, long positionBytes, long channelBytes) {
    for (int c = 0; c < channels; c += block) {
      int here = Math.min(block, channels - c);
      for (int lane = 0; lane < LANES; lane++) {
        int present = Math.min(lane, count - 1);
        long from = ((long) (first + present) * channels + c) * AREA;
        rows.setAtIndex(ValueLayout.JAVA_LONG, lane, row(from, present, here * AREA));
      }
      kernel
          .transposer()
          .transpose(rows.address(), count, offsets.address(), here * AREA, filters.address());
      kernel.run(
          filters.address(),
          here,
          target + c * channelBytes,
          positionBytes,
          channelBytes,
          largest.address());
    }
  }

  /** The address of a row of floats. */
  private long row(long from, int lane, int count) {
    if (!halves) {
      return data.asSlice(4 * from, 4L * count).address();
    }
    MemorySegment.copy(data, ValueLayout.JAVA_SHORT_UNALIGNED, 2 * from, narrow, 0, count);
    for (int i = 0; i < count; i++) {
      wide[i] = Float.float16ToFloat(narrow[i]);
    }
    long at = 4L * AREA * block * lane;
    MemorySegment.copy(wide, 0, widened, ValueLayout.JAVA_FLOAT, at, count);
    return widened.address() + at;
  }

  /** The bits of the largest magnitude of all filters; that of NaN is larger than any. */
  int largest() {
    int most = 0;
    for (int lane = 0; lane < LANES; lane++) {
      most = Math.max(most, largest.getAtIndex(ValueLayout.JAVA_INT, lane));
    }
    return most;
  }

  @Override
  public void close() {
    scratch.close();
  }
}
