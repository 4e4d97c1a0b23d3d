package io.compresso.kernel.nhwc;

import io.compresso.kernel.panel.ByteColumns;
import io.compresso.kernel.panel.ByteGatherer;
import io.compresso.kernel.panel.ByteGatherer.Form;
import io.compresso.kernel.panel.BytePattern;
import io.compresso.kernel.panel.WordTransposer;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Packs filters of bytes, each of which is a row whose bytes are gathered by steps. */
final class FilterQuads {
  private static final int LANES = WordTransposer.LANES;
  private static final int GRAIN = Form.QUADS.bytes();

  /** The most bytes of a filter that are gathered at once. */
  private static final int MOST_BYTES = 1 << 13;

  private final PackedFilters packing;
  private final ByteGatherer gatherer;
  private final int[] sums;
  private final int perGroup;
  private final int taps;
  private final Patterns full;
  private final Patterns last;

  /**
   * What becomes of filters.
   *
   * @param whole of periods
   * @param rest of what is left after them
   */
  private record Patterns(BytePattern whole, @Nullable BytePattern rest) {}

  /**
   * @param packing for which {@link #accepts} holds
   * @param sums receives the sums of the filters
   */
  FilterQuads(PackedFilters packing, ByteGatherer gatherer, int[] sums) {
    this.packing = packing;
    this.gatherer = gatherer;
    this.sums = sums;
    this.perGroup = packing.problem.channels().inPerGroup();
    this.taps = (int) packing.problem.kernelArea();
    Tiling tiling = packing.tiling;
    int most = tiling.vectorsOf(0);
    int least = tiling.vectorsOf(tiling.panels() - 1);
    this.full = patterns(most);
    this.last = most == least ? full : patterns(least);
  }

  /** Whether the filters are of a kind that can be gathered. */
  static boolean accepts(PackedFilters packing, MemorySegment data) {
    Geometry geometry = packing.geometry;
    return packing.arithmetic.hasByteFilters()
        && packing.parts == 1
        && packing.order == FilterOrder.OUTPUTS_FIRST
        && packing.tiling.lanes() == LANES
        && !geometry.depthwise()
        && geometry.merged() == 1
        && (hasQuads(packing)
            || packing.problem.channels().inPerGroup() * packing.problem.kernelArea() <= MOST_BYTES)
        && data.isNative();
  }

  /** Whether the elements of a step are of one tap and of consecutive input channels. */
  private static boolean hasQuads(PackedFilters packing) {
    Geometry geometry = packing.geometry;
    return !geometry.hasWholeRows()
        || geometry.width().kernel() == 1
        || geometry.channels().in() % GRAIN == 0;
  }

  private Patterns patterns(int vectors) {
    long stepBytes = (long) vectors * ByteGatherer.VECTOR_BYTES;
    if (!hasQuads(packing)) {
      return new Patterns(ofRuns(stepBytes), null);
    }
    int rest = perGroup % GRAIN;
    return new Patterns(ofQuads(GRAIN, stepBytes), rest == 0 ? null : ofQuads(rest, stepBytes));
  }

  /** The steps of four channels, of which some are there. */
  private BytePattern ofQuads(int channels, long stepBytes) {
    Geometry geometry = packing.geometry;
    int columns = geometry.hasWholeRows() ? geometry.width().kernel() : 1;
    int[] bytes = new int[GRAIN * taps];
    long[] targets = new long[taps];
    for (int tap = 0; tap < taps; tap++) {
      long run = (long) (tap / columns) * packing.steps;
      long step = (long) (tap % columns) * geometry.channels().in() / GRAIN;
      targets[tap] = (run + step) * stepBytes;
      for (int i = 0; i < GRAIN; i++) {
        bytes[GRAIN * tap + i] = i < channels ? i * taps + tap : BytePattern.NONE;
      }
    }
    return new BytePattern(Form.QUADS, bytes, targets, GRAIN * taps, stepBytes);
  }

  /** All steps of runs of whole rows. */
  private BytePattern ofRuns(long stepBytes) {
    Geometry geometry = packing.geometry;
    int in = geometry.channels().in();
    int columns = geometry.width().kernel();
    int steps = Math.ceilDiv(geometry.runLength(), GRAIN);
    int[] bytes = new int[GRAIN * steps * geometry.runs()];
    long[] targets = new long[steps * geometry.runs()];
    for (int i = 0; i < targets.length; i++) {
      int run = i / steps;
      int step = i % steps;
      targets[i] = ((long) run * packing.steps + step) * stepBytes;
      for (int j = 0; j < GRAIN; j++) {
        int element = step * GRAIN + j;
        bytes[GRAIN * i + j] =
            element < geometry.runLength()
                ? element % in * taps + run * columns + element / in
                : BytePattern.NONE;
      }
    }
    return new BytePattern(Form.QUADS, bytes, targets, perGroup * taps, 0);
  }

  /** Packs panels of filters that lie in {@code data}. */
  PackedFilters.Packer packer(MemorySegment data) {
    return (group, panel, target) -> pack(data, group, panel, target);
  }

  private void pack(MemorySegment data, int group, int panel, MemorySegment target) {
    Tiling tiling = packing.tiling;
    int vectors = tiling.vectorsOf(panel);
    if (packing.steps > Math.ceilDiv(packing.geometry.runLength(), GRAIN)) {
      target.fill((byte) 0);
    }
    Patterns patterns = panel == tiling.panels() - 1 ? last : full;
    boolean unsigned = packing.problem.types().weight() == DType.UINT8;
    long perFilter = (long) perGroup * taps;
    try (ByteColumns columns = new ByteColumns(gatherer, patterns.whole, patterns.rest)) {
      for (int vector = 0; vector < vectors; vector++) {
        int before = (panel * tiling.vectors() + vector) * LANES;
        int count = Math.min(LANES, tiling.channels() - before);
        int channel = group * tiling.channels() + before;
        columns.begin(count, unsigned, null);
        columns.pack(
            data.asSlice(channel * perFilter, count * perFilter),
            perFilter,
            count,
            (int) perFilter,
            target.address() + (long) vector * ByteGatherer.VECTOR_BYTES);
        for (int lane = 0; lane < count; lane++) {
          sums[channel + lane] = columns.sum(lane);
        }
      }
    }
  }
}
