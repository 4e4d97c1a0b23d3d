package io.compresso.kernel.nhwc;

import io.compresso.kernel.panel.Scratch;
import io.compresso.kernel.panel.WordTransposer;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Packs filters of single precision by transposing them: a filter is a row, an element of all
 * filters of a vector is a vector of the panel.
 */
final class FilterColumns {
  private static final int LANES = WordTransposer.LANES;

  private final PackedFilters packing;
  private final WordTransposer transposer;
  private final int perFilter;

  /** The step of each element of a filter. */
  private final int[] steps;

  /**
   * @param packing for which {@link #accepts} holds
   */
  FilterColumns(PackedFilters packing, WordTransposer transposer) {
    this.packing = packing;
    this.transposer = transposer;
    Geometry geometry = packing.geometry;
    int taps = (int) packing.problem.kernelArea();
    this.perFilter = packing.problem.channels().inPerGroup() * taps;
    this.steps = new int[perFilter];
    int columns = geometry.width().kernel();
    for (int i = 0; i < perFilter; i++) {
      int tap = i % taps;
      int channel = i / taps;
      boolean rows = geometry.hasWholeRows();
      int run = rows ? tap / columns : tap;
      int element = rows ? tap % columns * geometry.channels().in() + channel : channel;
      steps[i] = run * packing.steps + element;
    }
  }

  /** Whether the filters are of a kind that can be transposed, each element into a step. */
  static boolean accepts(PackedFilters packing, MemorySegment data) {
    Geometry geometry = packing.geometry;
    return packing.arithmetic == Arithmetic.FLOATS
        && packing.problem.types().weight() == DType.FLOAT
        && packing.order == FilterOrder.OUTPUTS_FIRST
        && packing.tiling.lanes() == LANES
        && !geometry.depthwise()
        && geometry.merged() == 1
        && packing.steps == geometry.runLength()
        && data.isNative();
  }

  /** Packs panels of filters that lie in {@code data}. */
  PackedFilters.Packer packer(MemorySegment data) {
    return (group, panel, target) -> pack(data, group, panel, target);
  }

  private void pack(MemorySegment data, int group, int panel, MemorySegment target) {
    Tiling tiling = packing.tiling;
    int vectors = tiling.vectorsOf(panel);
    int first = panel * tiling.vectors() * LANES;
    long stepBytes = 4L * LANES * vectors;
    try (Scratch tables = Scratch.of(8L * (LANES + perFilter))) {
      MemorySegment memory = tables.segment();
      for (int i = 0; i < perFilter; i++) {
        memory.setAtIndex(ValueLayout.JAVA_LONG, LANES + i, stepBytes * steps[i]);
      }
      for (int vector = 0; vector < vectors; vector++) {
        int before = first + vector * LANES;
        int count = Math.min(LANES, tiling.channels() - before);
        long filter = (long) group * tiling.channels() + before;
        MemorySegment filters = data.asSlice(4 * filter * perFilter, 4L * count * perFilter);
        for (int lane = 0; lane < LANES; lane++) {
          long row = filters.address() + 4L * Math.min(lane, count - 1) * perFilter;
          memory.setAtIndex(ValueLayout.JAVA_LONG, lane, row);
        }
        long offsets = memory.address() + 8 * LANES;
        transposer.transpose(
            memory.address(), count, offsets, perFilter, target.address() + 4L * LANES * vector);
      }
    }
  }
}
