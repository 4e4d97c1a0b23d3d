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
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final int VECTOR_WORDS = 16;

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
    int[] words = new int[Math.toIntExact(target.byteSize() / Integer.BYTES)];
    int channels = layout.channels();
    boolean integer = problem.types().isInt8();
    int[] sums = new int[integer ? channels : 0];
    int taps = tile.rows() * tile.width().kernel();
    int[] values = integer ? integers(data, channels * taps) : floats(data, channels * taps);
    int[][] places = layout.interleaved() ? places(taps) : new int[0][];
    int rowsOfPanel = layout.interleaved() ? tile.rows() * tile.slots().size() : taps;
    int perPanel = layout.vectors() * layout.lanes();
    for (int channel = 0; channel < channels; channel++) {
      int panel = channel / perPanel;
      int rest = Math.min(perPanel, channels - panel * perPanel);
      int vectors = layout.interleaved() ? layout.vectors() : Math.ceilDiv(rest, layout.lanes());
      int vector = layout.vector(channel) - panel * layout.vectors();
      int panelWords = rowsOfPanel * layout.vectors() * VECTOR_WORDS;
      int base = panel * panelWords + vector * VECTOR_WORDS + layout.lane(channel);
      int unit = vectors * VECTOR_WORDS;
      int zeroPoint = integer ? quantization.zeroPoint(channel) : 0;
      int copies = layout.copies(channel);
      for (int tap = 0; tap < taps; tap++) {
        int value = values[channel * taps + tap];
        if (!integer) {
          words[base + tap * unit] = value;
          continue;
        }
        value -= zeroPoint;
        sums[channel] += value;
        if (!layout.interleaved()) {
          words[base + tap * unit] = value & 0xFFFF;
          continue;
        }
        for (int place : places[tap]) {
          int at = base + (place >> 2) * unit;
          for (int copy = 0; copy < copies; copy++) {
            words[at + copy * VECTOR_WORDS / 2] |= (value & 0xFF) << Byte.SIZE * (place & 3);
          }
        }
      }
    }
    MemorySegment.copy(words, 0, target, INT, 0, words.length);
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

  private int[] integers(MemorySegment data, int count) {
    byte[] bytes = data.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
    int mask = problem.types().weight() == DType.UINT8 ? 0xFF : -1;
    int[] values = new int[count];
    for (int i = 0; i < count; i++) {
      values[i] = bytes[i] & mask;
    }
    return values;
  }

  /** The bits of floats. */
  private int[] floats(MemorySegment data, int count) {
    if (problem.types().weight() != DType.FLOAT16) {
      return data.asSlice(0, (long) Float.BYTES * count).toArray(INT);
    }
    short[] halves = data.asSlice(0, (long) Short.BYTES * count).toArray(SHORT);
    int[] values = new int[count];
    for (int i = 0; i < count; i++) {
      values[i] = Float.floatToRawIntBits(Float.float16ToFloat(halves[i]));
    }
    return values;
  }
}
