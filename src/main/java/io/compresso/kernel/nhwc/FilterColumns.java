package io.compresso.kernel.nhwc;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.panel.Scratch;
import io.compresso.kernel.panel.WordTransposer;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Packs filters of floats by transposing them: a filter is a row, an element of all filters of a
 * vector is a vector of the panel.
 */
final class FilterColumns {
  private static final int LANES = WordTransposer.LANES;

  private final PackedFilters packing;
  private final WordTransposer transposer;
  private final int perFilter;
  private final int elementBytes;
  private final int vectorBytes;

  /** Where each element of a filter goes, in full panels and in the last one. */
  private final MemorySegment full;

  private final MemorySegment last;

  /**
   * @param packing for which {@link #accepts} holds
   */
  FilterColumns(PackedFilters packing, WordTransposer transposer) {
    this.packing = packing;
    this.transposer = transposer;
    this.elementBytes = packing.arithmetic.filterBytes();
    this.vectorBytes = elementBytes * LANES;
    Geometry geometry = packing.geometry;
    int taps = (int) packing.problem.kernelArea();
    this.perFilter = packing.problem.channels().inPerGroup() * taps;
    Tiling tiling = packing.tiling;
    int most = tiling.vectorsOf(0);
    int least = tiling.vectorsOf(tiling.panels() - 1);
    long[] offsets = new long[perFilter];
    int columns = geometry.width().kernel();
    for (int i = 0; i < perFilter; i++) {
      int tap = i % taps;
      int channel = i / taps;
      boolean rows = geometry.hasWholeRows();
      int run = rows ? tap / columns : tap;
      int element = rows ? tap % columns * geometry.channels().in() + channel : channel;
      offsets[i] = ((long) run * packing.steps + element) * most * vectorBytes;
    }
    this.full = table(offsets);
    for (int i = 0; most != least && i < perFilter; i++) {
      offsets[i] = offsets[i] / most * least;
    }
    this.last = most == least ? full : table(offsets);
  }

  private static MemorySegment table(long[] values) {
    MemorySegment table = Arena.ofAuto().allocate((long) Long.BYTES * values.length, Long.BYTES);
    return table.copyFrom(MemorySegment.ofArray(values));
  }

  /** Whether the filters are of a kind that can be transposed, each element into a step. */
  static boolean accepts(PackedFilters packing, MemorySegment data) {
    Geometry geometry = packing.geometry;
    return isOf(packing.arithmetic, packing.problem)
        && packing.order == FilterOrder.OUTPUTS_FIRST
        && packing.tiling.lanes() == LANES
        && !geometry.depthwise()
        && geometry.merged() == 1
        && packing.steps == geometry.runLength()
        && data.isNative();
  }

  private static boolean isOf(Arithmetic arithmetic, ConvProblem problem) {
    DType type = problem.types().weight();
    return switch (arithmetic) {
      case FLOATS -> type == DType.FLOAT;
      case WIDENED_HALVES -> type == DType.FLOAT16 && problem.depth() % 2 == 0;
      default -> false;
    };
  }

  /** Packs panels of filters that lie in {@code data}. */
  PackedFilters.Packer packer(MemorySegment data) {
    return (group, panel, target) -> pack(data, group, panel, target);
  }

  private void pack(MemorySegment data, int group, int panel, MemorySegment target) {
    Tiling tiling = packing.tiling;
    int vectors = tiling.vectorsOf(panel);
    int first = panel * tiling.vectors() * LANES;
    MemorySegment offsets = panel == tiling.panels() - 1 ? last : full;
    long[] addresses = new long[LANES];
    try (Scratch rows = Scratch.of((long) Long.BYTES * LANES)) {
      MemorySegment memory = rows.segment();
      for (int vector = 0; vector < vectors; vector++) {
        int before = first + vector * LANES;
        int count = Math.min(LANES, tiling.channels() - before);
        long filter = (long) group * tiling.channels() + before;
        MemorySegment filters =
            data.asSlice(
                (long) elementBytes * filter * perFilter, (long) elementBytes * count * perFilter);
        for (int lane = 0; lane < LANES; lane++) {
          long row = (long) Math.min(lane, count - 1) * perFilter;
          addresses[lane] = filters.address() + elementBytes * row;
        }
        MemorySegment.copy(addresses, 0, memory, ValueLayout.JAVA_LONG, 0, LANES);
        transposer.transpose(
            memory.address(),
            count,
            offsets.address(),
            perFilter,
            target.address() + (long) vectorBytes * vector);
      }
    }
  }
}
