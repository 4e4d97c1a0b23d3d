package io.compresso.kernel.nhwc;

import io.compresso.kernel.nhwc.WinogradBackend.FilterKernel;
import io.compresso.kernel.panel.Scratch;
import io.compresso.kernel.panel.WordTransposer;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Filters of a vector of output channels on their way through a {@link FilterKernel}. */
final class TransposedFilters implements AutoCloseable {
  private static final int LANES = WordTransposer.LANES;
  private static final int AREA = WinogradTransform.TAPS * WinogradTransform.TAPS;
  private static final int VECTOR_BYTES = 4 * LANES;
  private static final byte ZERO = 0;

  /** Input channels at a time, whose filters fit into the nearest cache. */
  private static final int BLOCK = 32;

  private final FilterKernel kernel;
  private final MemorySegment data;
  private final WinogradFilters layout;
  private final DType type;
  private final int channels;
  private final int block;
  private final short[] halves;
  private final float[] floats;
  private final byte[] bytes;
  private final int[] integers;
  private final Scratch scratch;

  /** The addresses of the rows. */
  private final MemorySegment rows;

  private final MemorySegment largest;

  /** Where each element of a row goes. */
  private final MemorySegment offsets;

  private final MemorySegment filters;

  /** Rows of halves, as floats, or of bytes less their zero points, as integers. */
  private final MemorySegment widened;

  /** The sums of the magnitudes of bytes. */
  private final long[] weights = new long[LANES];

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
    this.bytes = new byte[type.bits() == 8 ? most : 0];
    this.integers = new int[bytes.length];
    long rowsBytes = (long) LANES * ValueLayout.JAVA_LONG.byteSize();
    long filterBytes = (long) most * VECTOR_BYTES;
    long widenedBytes = type == DType.FLOAT ? 0 : 4L * LANES * most;
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
   * @param stepBytes from the transformed filters of one step to the next
   */
  void transform(int first, int count, long target, long positionBytes, long stepBytes) {
    Arrays.fill(weights, 0);
    for (int c = 0; c < channels; c += block) {
      int here = Math.min(block, channels - c);
      int steps = Math.ceilDiv(here, layout.grain());
      long row = 0;
      for (int lane = 0; lane < LANES; lane++) {
        if (lane < count) {
          row = row(first + lane, c, lane, here * AREA);
        }
        rows.setAtIndex(ValueLayout.JAVA_LONG, lane, row);
      }
      kernel
          .transposer()
          .transpose(rows.address(), count, offsets.address(), here * AREA, filters.address());
      if (here < steps * layout.grain()) {
        filters.asSlice((long) here * AREA * VECTOR_BYTES, (long) AREA * VECTOR_BYTES).fill(ZERO);
      }
      kernel.run(
          filters.address(),
          steps,
          target + c / layout.grain() * stepBytes,
          positionBytes,
          stepBytes,
          largest.address());
    }
    for (long weight : weights) {
      areExact &= WinogradFilters.isModerate(weight);
    }
  }

  /** The address of a row of 32-bit values: some input channels of an output channel's filter. */
  private long row(int channel, int firstInput, int lane, int count) {
    long from = ((long) channel * channels + firstInput) * AREA;
    long at = 4L * AREA * block * lane;
    switch (type) {
      case FLOAT16 -> {
        MemorySegment.copy(data, ValueLayout.JAVA_SHORT_UNALIGNED, 2 * from, halves, 0, count);
        for (int i = 0; i < count; i++) {
          floats[i] = Float.float16ToFloat(halves[i]);
        }
        MemorySegment.copy(floats, 0, widened, ValueLayout.JAVA_FLOAT, at, count);
      }
      case INT8, UINT8 -> {
        MemorySegment.copy(data, ValueLayout.JAVA_BYTE, from, bytes, 0, count);
        int mask = type == DType.INT8 ? -1 : 0xFF;
        int zeroPoint = layout.zeroPoint(channel);
        int weight = 0;
        for (int i = 0; i < count; i++) {
          int value = (bytes[i] & mask) - zeroPoint;
          integers[i] = value;
          weight += Math.abs(value);
        }
        weights[lane] += weight;
        MemorySegment.copy(integers, 0, widened, ValueLayout.JAVA_INT, at, count);
      }
      default -> {
        return data.asSlice(4 * from, 4L * count).address();
      }
    }
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
    scratch.close();
  }
}
