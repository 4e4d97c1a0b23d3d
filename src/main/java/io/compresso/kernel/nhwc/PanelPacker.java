package io.compresso.kernel.nhwc;

import io.compresso.kernel.panel.WordPacker;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Packs panels of filters one after the other. */
final class PanelPacker implements PackedFilters.Packer {
  private final PackedFilters packing;
  private final WordPacker words;
  private final int[] sums;
  private final boolean integer;
  private final int grain;
  private final int perGroup;
  private final int taps;

  /**
   * @param sums receives the sums of integers
   */
  PanelPacker(PackedFilters packing, MemorySegment data, int[] sums) {
    this.packing = packing;
    this.sums = sums;
    this.integer = packing.arithmetic.isInteger();
    this.grain = packing.arithmetic.grain();
    this.perGroup = packing.problem.channels().inPerGroup();
    this.taps = (int) packing.problem.kernelArea();
    boolean widens = packing.arithmetic == Arithmetic.FLOATS;
    this.words =
        new WordPacker(data, packing.problem.types().weight(), widens, grain, packing.parts);
  }

  /** The channels of a panel: how many there are and for how many there is room. */
  private record Channels(int first, int count, int room) {
    boolean isPartial() {
      return count < room;
    }
  }

  @Override
  public void pack(int group, int panel, MemorySegment target) {
    Tiling tiling = packing.tiling;
    int before = panel * tiling.vectors() * tiling.lanes();
    int room = tiling.vectorsOf(panel) * tiling.lanes();
    Channels channels =
        new Channels(
            group * tiling.channels() + before, Math.min(room, tiling.channels() - before), room);
    if (packing.order == FilterOrder.INPUTS_FIRST) {
      packRows(channels, target);
    } else if (isRegular()) {
      packBlocks(channels, target);
    } else {
      packElements(channels, before, target);
    }
  }

  /** Whether the elements of a step are of one tap and of consecutive input channels. */
  private boolean isRegular() {
    Geometry geometry = packing.geometry;
    return !geometry.depthwise()
        && geometry.merged() == 1
        && (taps == 1 || !geometry.hasWholeRows() || geometry.channels().in() % grain == 0);
  }

  private void packBlocks(Channels channels, MemorySegment target) {
    Geometry geometry = packing.geometry;
    int columns = geometry.hasWholeRows() ? geometry.width().kernel() : 1;
    int most = grain * Math.max(1, words.stepsAtATime(channels.room) / taps);
    for (int first = 0; first < perGroup; first += most) {
      int inputs = Math.min(most, perGroup - first);
      int steps = Math.ceilDiv(inputs, grain);
      words.begin(taps * steps, channels.room, channels.isPartial());
      for (int lane = 0; lane < channels.count; lane++) {
        int channel = channels.first + lane;
        long from = ((long) channel * perGroup + first) * taps;
        int sum = words.readColumn(from, inputs * taps, steps * grain * taps, zeroPoint(channel));
        if (integer) {
          sums[channel] += sum;
        }
        for (int tap = 0; tap < taps; tap++) {
          words.putColumn(tap, taps, tap * steps, steps, lane, channels.room);
        }
      }
      for (int tap = 0; tap < taps; tap++) {
        long step =
            (long) (tap / columns) * packing.steps
                + (tap % columns * geometry.channels().in() + first) / grain;
        words.store(tap * steps, steps, channels.room, target, step);
      }
    }
    int used = Math.ceilDiv(geometry.runLength(), grain);
    long stepBytes = 4L * packing.parts * channels.room;
    for (int run = 0; used < packing.steps && run < geometry.runs(); run++) {
      long from = ((long) run * packing.steps + used) * stepBytes;
      target.asSlice(from, (packing.steps - used) * stepBytes).fill((byte) 0);
    }
  }

  private int zeroPoint(int channel) {
    return integer ? packing.quantization.zeroPoint(channel) : 0;
  }

  private void packRows(Channels channels, MemorySegment target) {
    int outputs = packing.problem.channels().out();
    int[] zeroPoints = new int[channels.count];
    Arrays.setAll(zeroPoints, lane -> zeroPoint(channels.first + lane));
    for (int step = 0; step < packing.steps; step++) {
      int row = step * grain;
      int rows = Math.clamp(perGroup - row, 0, grain);
      long from = (long) row * outputs + channels.first;
      words.packRows(from, outputs, rows, zeroPoints, sums, channels.first);
      words.storeRow(0, channels.count, channels.room, target, step);
    }
  }

  private void packElements(Channels channels, int before, MemorySegment target) {
    Geometry geometry = packing.geometry;
    int perFilter = perGroup * taps;
    int[] offsets = offsets();
    int steps = geometry.runs() * packing.steps;
    words.begin(steps, channels.room, true);
    for (int lane = 0; lane < channels.count; lane++) {
      int channel = channels.first + lane;
      int sum =
          words.readColumn((long) channel * perFilter, perFilter, perFilter, zeroPoint(channel));
      if (integer) {
        sums[channel] = sum;
      }
      int first =
          geometry.depthwise()
              ? 0
              : (before + lane) / packing.problem.channels().outPerGroup() * perFilter;
      for (int i = 0; i < perFilter; i++) {
        int offset = offsets[first + i];
        words.put(i, offset >> 2, offset & 3, lane, channels.room);
      }
    }
    words.store(0, steps, channels.room, target, 0);
  }

  /** Four times the step, and the element of the step, of each channel and tap of a group. */
  private int[] offsets() {
    Geometry geometry = packing.geometry;
    int merged = geometry.merged();
    int[] offsets = new int[merged * perGroup * taps];
    if (geometry.depthwise()) {
      Arrays.setAll(offsets, tap -> 4 * tap);
      return offsets;
    }
    int columns = geometry.width().kernel();
    for (int c = 0; c < merged * perGroup; c++) {
      for (int tap = 0; tap < taps; tap++) {
        int run = geometry.hasWholeRows() ? tap / columns : tap;
        int element = geometry.hasWholeRows() ? tap % columns * geometry.channels().in() + c : c;
        offsets[c * taps + tap] = 4 * (run * packing.steps + element / grain) + element % grain;
      }
    }
    return offsets;
  }
}
