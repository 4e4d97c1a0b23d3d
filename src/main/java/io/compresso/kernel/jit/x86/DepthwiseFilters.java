package io.compresso.kernel.jit.x86;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.jit.x86.ChannelTile.Slot;
import io.compresso.kernel.nhwc.PanelLayout;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * Packs the filters of a depthwise convolution: {@code [panel][row][tap or slot][vector][lane][4
 * bytes]}. Bytes have their zero points subtracted; a slot has one byte for each of its columns.
 */
final class DepthwiseFilters {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final int VECTOR_BYTES = 64;

  private final ConvProblem problem;
  private final ChannelTile tile;
  private final PanelLayout layout;
  private final WeightQuantization quantization;
  private final long panelBytes;

  DepthwiseFilters(
      ConvProblem problem, ChannelTile tile, PanelLayout layout, WeightQuantization quantization) {
    this.problem = problem;
    this.tile = tile;
    this.layout = layout;
    this.quantization = quantization;
    this.panelBytes = ChannelTileCode.panelBytes(tile, layout.interleaved(), layout.vectors());
  }

  /** Bytes of a full panel. */
  long panelBytes() {
    return panelBytes;
  }

  long bytes() {
    return panelBytes() * layout.panels();
  }

  /**
   * Packs the filters.
   *
   * @return the sums of the filters of integers, one a channel
   */
  int[] pack(MemorySegment data, MemorySegment target) {
    target.fill((byte) 0);
    int channels = layout.channels();
    boolean integer = problem.types().isInt8();
    int[] sums = new int[integer ? channels : 0];
    int taps = tile.rows() * tile.width().kernel();
    int[][] places = layout.interleaved() ? places(taps) : new int[0][];
    int rowsOfPanel = layout.interleaved() ? tile.rows() * tile.slots().size() : taps;
    int perPanel = layout.vectors() * layout.lanes();
    for (int channel = 0; channel < channels; channel++) {
      int panel = channel / perPanel;
      int rest = Math.min(perPanel, channels - panel * perPanel);
      int vectors = layout.interleaved() ? layout.vectors() : Math.ceilDiv(rest, layout.lanes());
      int vector = layout.vector(channel) - panel * layout.vectors();
      long panelBytes = (long) rowsOfPanel * layout.vectors() * VECTOR_BYTES;
      long base = panel * panelBytes + (long) vector * VECTOR_BYTES + 4L * layout.lane(channel);
      long unit = (long) vectors * VECTOR_BYTES;
      for (int tap = 0; tap < taps; tap++) {
        long index = (long) channel * taps + tap;
        if (!integer) {
          target.set(FLOAT, base + tap * unit, floatValue(data, index));
          continue;
        }
        int value = difference(data, index, channel);
        sums[channel] += value;
        if (!layout.interleaved()) {
          target.set(INT, base + tap * unit, value & 0xFFFF);
          continue;
        }
        for (int place : places[tap]) {
          long at = base + (place >> 2) * unit + (place & 3);
          for (int copy = 0; copy < layout.copies(channel); copy++) {
            target.set(BYTE, at + copy * VECTOR_BYTES / 2, (byte) value);
          }
        }
      }
    }
    return sums;
  }

  /** For each tap four times the rows of a panel in which it is, and its places in their quads. */
  private int[][] places(int taps) {
    int columns = tile.width().kernel();
    List<Slot> slots = tile.slots();
    List<List<Integer>> quads = tile.quads();
    int[][] places = new int[taps][];
    for (int tap = 0; tap < taps; tap++) {
      int[] found = new int[slots.size()];
      int count = 0;
      for (int i = 0; i < slots.size(); i++) {
        Slot slot = slots.get(i);
        int place = quads.get(slot.quad()).indexOf(tile.column(slot.pixel(), tap % columns));
        if (place >= 0) {
          found[count++] = 4 * (tap / columns * slots.size() + i) + place;
        }
      }
      places[tap] = Arrays.copyOf(found, count);
    }
    return places;
  }

  private int difference(MemorySegment data, long index, int channel) {
    byte value = data.get(BYTE, index);
    int wide = problem.types().weight() == DType.UINT8 ? value & 0xFF : value;
    return wide - quantization.zeroPoint(channel);
  }

  private float floatValue(MemorySegment data, long index) {
    return problem.types().weight() == DType.FLOAT16
        ? Float.float16ToFloat(data.get(SHORT, 2 * index))
        : data.get(FLOAT, 4 * index);
  }
}
