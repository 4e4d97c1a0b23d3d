package io.compresso.kernel.nhwc;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Workers;
import io.compresso.kernel.panel.ByteGatherer;
import io.compresso.kernel.panel.WordPacker;
import io.compresso.kernel.panel.WordTransposer;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Packs filters for tiles: {@code [group][panel][run][step][part][vector][lane]} of as many bytes
 * as the arithmetic says.
 *
 * <p>Bytes have their zero points subtracted. Where the difference does not fit into a signed byte,
 * it is the sum of two or three that do: the parts.
 */
final class PackedFilters {

  final ConvProblem problem;
  final Geometry geometry;
  final Tiling tiling;
  final Arithmetic arithmetic;
  final WeightQuantization quantization;
  final FilterOrder order;

  /** Steps of a run. */
  final int steps;

  /** Signed bytes of a filter. */
  final int parts;

  PackedFilters(
      ConvProblem problem,
      Geometry geometry,
      Tiling tiling,
      Arithmetic arithmetic,
      WeightQuantization quantization,
      FilterOrder order) {
    this.problem = problem;
    this.geometry = geometry;
    this.tiling = tiling;
    this.arithmetic = arithmetic;
    this.quantization = quantization;
    this.order = order;
    this.steps = geometry.steps(arithmetic);
    this.parts = parts(problem, arithmetic, quantization);
  }

  /** How many signed bytes a filter less its zero point takes. */
  static int parts(ConvProblem problem, Arithmetic arithmetic, WeightQuantization quantization) {
    if (!arithmetic.hasByteFilters()) {
      return 1;
    }
    int move = problem.types().weight() == DType.UINT8 ? 128 : 0;
    int least = quantization.leastZeroPoint() - move;
    int greatest = quantization.greatestZeroPoint() - move;
    return least == 0 && greatest == 0 ? 1 : least > -128 ? 2 : 3;
  }

  /** Bytes of a full panel. */
  long panelBytes() {
    return vectorBytes() * tiling.vectors();
  }

  long groupBytes() {
    return vectorBytes() * Math.ceilDiv(tiling.channels(), tiling.lanes());
  }

  long bytes() {
    return groupBytes() * geometry.channels().groups();
  }

  private long vectorBytes() {
    return (long) arithmetic.filterBytes() * geometry.runs() * steps * parts * tiling.lanes();
  }

  /**
   * Packs the filters.
   *
   * @param target {@link #bytes} bytes, all of which are written
   * @param transposer packs filters of floats that it can, if there is one
   * @param gatherer packs filters of bytes that it can, if there is one
   * @return the sums of the filters of integers, one an output channel
   */
  int[] pack(
      MemorySegment data,
      MemorySegment target,
      int threads,
      @Nullable WordTransposer transposer,
      @Nullable ByteGatherer gatherer) {
    int[] sums = new int[arithmetic.isInteger() ? problem.channels().out() : 0];
    if (transposer != null && FilterColumns.accepts(this, data)) {
      FilterColumns columns = new FilterColumns(this, transposer);
      pack(target, threads, () -> columns.packer(data));
    } else if (gatherer != null && FilterQuads.accepts(this, data)) {
      FilterQuads quads = new FilterQuads(this, gatherer, sums);
      pack(target, threads, () -> quads.packer(data));
    } else {
      pack(target, threads, () -> new PanelPacker(this, data, sums)::pack);
    }
    return sums;
  }

  /** Packs single panels, one after the other. */
  @FunctionalInterface
  interface Packer {
    /**
     * Packs one panel.
     *
     * @param target the panel's memory, which is written as a whole
     */
    void pack(int group, int panel, MemorySegment target);
  }

  private void pack(MemorySegment target, int threads, Supplier<Packer> packers) {
    int panels = tiling.panels();
    int count = geometry.channels().groups() * panels;
    int chunks = WordPacker.chunks(count, target.byteSize(), threads);
    Workers.shared()
        .run(
            chunks,
            threads,
            chunk -> {
              Packer packer = packers.get();
              int end = (int) ((chunk + 1L) * count / chunks);
              for (int i = (int) ((long) chunk * count / chunks); i < end; i++) {
                int group = i / panels;
                int panel = i % panels;
                long at = group * groupBytes() + panel * panelBytes();
                packer.pack(
                    group, panel, target.asSlice(at, vectorBytes() * tiling.vectorsOf(panel)));
              }
            });
  }
}
