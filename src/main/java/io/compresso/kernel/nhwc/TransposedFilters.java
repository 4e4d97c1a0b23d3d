package io.compresso.kernel.nhwc;

import io.compresso.kernel.nhwc.WinogradBackend.FilterKernel;
import io.compresso.kernel.panel.ByteColumns;
import io.compresso.kernel.panel.ByteGatherer;
import io.compresso.kernel.panel.ByteGatherer.Form;
import io.compresso.kernel.panel.BytePattern;
import io.compresso.kernel.panel.Scratch;
import io.compresso.kernel.panel.WordTransposer;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Filters of a vector of output channels on their way through a {@link FilterKernel}. */
final class TransposedFilters implements AutoCloseable {
  private static final int LANES = WordTransposer.LANES;
  private static final int AREA = WinogradTransform.TAPS * WinogradTransform.TAPS;
  private static final int VECTOR_BYTES = 4 * LANES;

  /** Input channels whose bytes make a word. */
  private static final int PAIR = 2;

  /** What unsigned bytes are reduced by before they are signed ones. */
  private static final int MIDDLE = 128;

  /** Input channels at a time, whose filters fit into the nearest cache. */
  private static final int BLOCK = 32;

  private final FilterKernel kernel;
  private final MemorySegment data;
  private final WinogradFilters layout;
  private final DType type;
  private final int channels;
  private final int block;
  private final long[] addresses = new long[LANES];
  private final short[] halves;
  private final float[] floats;

  /** Brings bytes into pairs of words; null where there are none. */
  private final @Nullable ByteColumns pairs;

  private final Scratch scratch;

  /** The addresses of the rows. */
  private final MemorySegment rows;

  private final MemorySegment largest;

  private final MemorySegment filters;

  /** Rows of halves, as floats. */
  private final MemorySegment widened;

  private boolean areExact = true;

  /**
   * @param data off-heap filters {@code [output channel][input channel of its group][tap]}
   */
  TransposedFilters(FilterKernel kernel, MemorySegment data, WinogradFilters layout) {
    this.kernel = kernel;
    this.data = data;
    this.layout = layout;
    this.type = layout.problem().types().weight();
    this.channels = layout.problem().channels().inPerGroup();
    this.block = Math.min(BLOCK, layout.steps() * layout.grain());
    int most = AREA * block;
    this.halves = new short[type == DType.FLOAT16 ? most : 0];
    this.floats = new float[halves.length];
    ByteGatherer gatherer = kernel.gatherer();
    this.pairs = gatherer == null ? null : pairs(gatherer, channels);
    long rowsBytes = (long) LANES * ValueLayout.JAVA_LONG.byteSize();
    long filterBytes = (long) most * VECTOR_BYTES;
    long widenedBytes = 4L * LANES * halves.length;
    this.scratch = Scratch.of(rowsBytes + VECTOR_BYTES + filterBytes + widenedBytes);
    MemorySegment memory = scratch.segment();
    this.rows = memory.asSlice(0, rowsBytes);
    this.largest = memory.asSlice(rowsBytes, VECTOR_BYTES);
    this.filters = memory.asSlice(rowsBytes + VECTOR_BYTES, filterBytes);
    this.widened = memory.asSlice(rowsBytes + VECTOR_BYTES + filterBytes, widenedBytes);
    largest.fill((byte) 0);
  }

  private static ByteColumns pairs(ByteGatherer gatherer, int channels) {
    int rest = channels % (2 * PAIR);
    return new ByteColumns(gatherer, Pairs.OF[2 * PAIR], rest == 0 ? null : Pairs.OF[rest]);
  }

  /** Which bytes of filters make pairs, for each tap of up to two pairs of channels. */
  private static final class Pairs {
    static final BytePattern[] OF = new BytePattern[2 * PAIR + 1];

    static {
      Arrays.setAll(OF, Pairs::of);
    }

    private static BytePattern of(int channels) {
      int pairs = Math.ceilDiv(channels, PAIR);
      int[] bytes = new int[PAIR * AREA * pairs];
      long[] targets = new long[AREA * pairs];
      for (int i = 0; i < targets.length; i++) {
        int channel = i / AREA * PAIR;
        bytes[PAIR * i] = channel * AREA + i % AREA;
        bytes[PAIR * i + 1] = channel + 1 < channels ? bytes[PAIR * i] + AREA : BytePattern.NONE;
        targets[i] = (long) i * VECTOR_BYTES;
      }
      return new BytePattern(Form.PAIRS, bytes, targets, 2 * PAIR * AREA, 2L * AREA * VECTOR_BYTES);
    }
  }

  /**
   * Transforms the filters of some output channels.
   *
   * @param count of output channels, at most as many as a vector has
   * @param target the address of the first position of the first input channel
   * @param positionBytes from one value of a transformed filter to the next
   * @param stepBytes from the transformed filters of one step to the next
   */
  void transform(int first, int count, long target, long positionBytes, long stepBytes) {
    if (pairs != null) {
      int middle = type == DType.UINT8 ? MIDDLE : 0;
      pairs.begin(count, type == DType.UINT8, lane -> layout.zeroPoint(first + lane) - middle);
    }
    for (int c = 0; c < channels; c += block) {
      int here = Math.min(block, channels - c);
      if (pairs == null) {
        transpose(first, count, c, here);
      } else {
        long stride = (long) channels * AREA;
        pairs.pack(
            data.asSlice(first * stride + (long) c * AREA),
            stride,
            count,
            here * AREA,
            filters.address());
      }
      kernel.run(
          filters.address(),
          Math.ceilDiv(here, layout.grain()),
          target + c / layout.grain() * stepBytes,
          positionBytes,
          stepBytes,
          largest.address());
    }
    for (int lane = 0; pairs != null && lane < count; lane++) {
      areExact &= WinogradFilters.isModerate((long) pairs.sum(lane));
    }
  }

  private void transpose(int first, int count, int firstInput, int inputs) {
    long row = 0;
    for (int lane = 0; lane < LANES; lane++) {
      if (lane < count) {
        row = row(first + lane, firstInput, lane, inputs * AREA);
      }
      addresses[lane] = row;
    }
    MemorySegment.copy(addresses, 0, rows, ValueLayout.JAVA_LONG, 0, LANES);
    kernel
        .transposer()
        .transpose(
            rows.address(), count, WordTransposer.adjacent(), inputs * AREA, filters.address());
  }

  /** The address of a row of 32-bit values: some input channels of an output channel's filter. */
  private long row(int channel, int firstInput, int lane, int count) {
    long from = ((long) channel * channels + firstInput) * AREA;
    long at = 4L * AREA * block * lane;
    if (type == DType.FLOAT) {
      return data.address() + Float.BYTES * from;
    }
    MemorySegment.copy(data, ValueLayout.JAVA_SHORT_UNALIGNED, 2 * from, halves, 0, count);
    for (int i = 0; i < count; i++) {
      floats[i] = Float.float16ToFloat(halves[i]);
    }
    MemorySegment.copy(floats, 0, widened, ValueLayout.JAVA_FLOAT, at, count);
    return widened.address() + at;
  }

  /** Whether all filters were as far from overflow as {@link WinogradFilters#pack} says. */
  boolean areModerate() {
    boolean areModerate = areExact;
    for (int lane = 0; lane < LANES; lane++) {
      // The bits of NaN are above those of any other value.
      areModerate &= WinogradFilters.isModerate(largest.getAtIndex(ValueLayout.JAVA_INT, lane));
    }
    return areModerate;
  }

  @Override
  public void close() {
    if (pairs != null) {
      pairs.close();
    }
    scratch.close();
  }
}
