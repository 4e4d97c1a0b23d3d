package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.x86.ChannelTile.Slot;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/** The products of the tiles of {@link ChannelTileCode} that are of bytes, four taps at a time. */
record QuadProducts(ChannelTileCode code) {
  /** The first of the registers that have interleaved elements; eight do. */
  static final int FIRST_QUAD = 16;

  private static final int FIRST_FILTER = 24;
  private static final int FILTER_REGISTERS = 2;
  private static final Vec SPARE = Vec.zmm(26);

  /** Where the upper half of a vector begins, in bytes. */
  static final int UPPER = 32;

  /** Selects the channels of the upper half. */
  static final Mask UPPER_BYTES = Mask.K3;

  private int panelChannels() {
    return code.shape().tail() == 0
        ? ChannelTileCode.QUAD_VECTORS * ChannelTileCode.LANES
        : code.shape().tail();
  }

  /** What a vector of sums has of a register. */
  Vec.Length length() {
    return code.halves() ? Vec.Length.ZMM : pixelLength();
  }

  /** The shortest vector that has the channels of a pixel. */
  private Vec.Length pixelLength() {
    if (panelChannels() <= Vec.Length.XMM.bytes()) {
      return Vec.Length.XMM;
    }
    return panelChannels() <= Vec.Length.YMM.bytes() ? Vec.Length.YMM : Vec.Length.ZMM;
  }

  /** For each row of sums the lines that meet a row of the filter, the upper half's at last. */
  private List<List<Integer>> linesOf(int filterRow) {
    List<Integer> all = code.lines().linesOf(filterRow);
    List<List<Integer>> found = new ArrayList<>();
    for (int row = 0; row < code.shape().rows(); row++) {
      found.add(
          code.halves()
              ? List.of(all.get(row), all.get(row + code.shape().rows()))
              : List.of(all.get(row)));
    }
    return found;
  }

  /** The products of a tile, filters and interleaved elements being shared by its rows. */
  void emit(Assembler a, int t, int pixels) {
    List<Slot> slots = code.tile().slots();
    for (int quad = 0; quad < code.tile().quads().size(); quad++) {
      List<Integer> used = new ArrayList<>();
      for (int i = 0; i < slots.size(); i++) {
        if (slots.get(i).quad() == quad && slots.get(i).pixel() < pixels) {
          used.add(i);
        }
      }
      if (!used.isEmpty()) {
        quad(a, t, pixels, quad, used);
      }
    }
  }

  /** A row of the filter after the other, first those whose lines are in registers already. */
  private void quad(Assembler a, int t, int pixels, int quad, List<Integer> slots) {
    List<List<Integer>> held = new ArrayList<>(Collections.nCopies(code.shape().rows(), List.of()));
    List<Integer> filterRows = new ArrayList<>();
    for (int row = 0; row < code.lines().filterRows(); row++) {
      filterRows.add(row);
    }
    while (!filterRows.isEmpty()) {
      Integer filterRow =
          Collections.min(
              filterRows,
              Comparator.comparingInt(row ->
                  linesOf(row).stream().filter(each -> !held.contains(each)).toList().size()));
      filterRows.remove(filterRow);
      List<List<Integer>> needed = linesOf(filterRow);
      for (List<Integer> each : needed) {
        if (!held.contains(each)) {
          int set = 0;
          while (needed.contains(held.get(set))) {
            set++;
          }
          held.set(set, each);
          code.beginLine(a, each.getFirst());
          interleave(a, t, each, code.tile().quads().get(quad), set);
        }
      }
      List<Integer> sets = needed.stream().map(held::indexOf).toList();
      for (int slot : slots) {
        multiply(a, slot, code.tile().slots().get(slot).pixel(), pixels, filterRow, sets);
      }
    }
  }

  /**
   * Adds the products of a slot.
   *
   * @param sets for each row of the tile where its elements are
   */
  private void multiply(
      Assembler a, int slot, int pixel, int pixels, int filterRow, List<Integer> sets) {
    for (int j = 0; j < ChannelTileCode.QUAD_VECTORS; j++) {
      long place =
          ((long) filterRow * code.tile().slots().size() + slot) * ChannelTileCode.QUAD_VECTORS + j;
      Mem filter = Mem.at(code.filters(), place * ChannelTileCode.VECTOR_BYTES);
      if (sets.size() == 1) {
        a.vpdpbusd(code.sum(pixel, j).as(length()), quad(sets.getFirst(), j), filter);
        continue;
      }
      Vec register = new Vec(FIRST_FILTER + j % FILTER_REGISTERS, length());
      a.vmovups(register, filter);
      for (int row = 0; row < sets.size(); row++) {
        a.vpdpbusd(
            code.sum(row * pixels + pixel, j).as(length()), quad(sets.get(row), j), register);
      }
    }
  }

  private Vec quad(int set, int vector) {
    return new Vec(FIRST_QUAD + set * ChannelTileCode.QUAD_VECTORS + vector, length());
  }

  private void loadBytes(Assembler a, Vec value, List<Integer> from, int column) {
    int channels = panelChannels();
    Vec lower = value.as(pixelLength());
    Mem source = code.source(from.getFirst(), column, 0);
    if (channels == pixelLength().bytes()) {
      a.vmovups(lower, source);
    } else {
      a.vmovdqu8(lower, source, Modifiers.zeroing(TileStores.PIXEL_BYTES));
    }
    if (!code.halves()) {
      return;
    }
    Mem upper = code.source(from.getLast(), column, 0);
    if (channels == Vec.Length.YMM.bytes()) {
      a.vinserti64x4(value, value, upper);
    } else if (channels == Vec.Length.XMM.bytes()) {
      a.vinserti32x4(value, value, upper, 2);
    } else {
      a.vmovdqu8(value, upper.plus(-UPPER), Modifiers.merging(UPPER_BYTES));
    }
  }

  private void interleave(Assembler a, int t, List<Integer> from, List<Integer> columns, int set) {
    Vec[] targets = new Vec[ChannelTileCode.QUAD_VECTORS];
    Vec[] values = new Vec[ChannelTileCode.QUAD_VECTORS];
    for (int i = 0; i < ChannelTileCode.QUAD_VECTORS; i++) {
      targets[i] = quad(set, i);
      // A column that is not there has filters of 0.
      if (i >= columns.size() || code.isPadding(t, columns.get(i))) {
        values[i] = ChannelTileCode.PADDING.as(length());
        continue;
      }
      values[i] = targets[i];
      loadBytes(a, values[i], from, columns.get(i));
      if (code.flips()) {
        a.vpxor(values[i], values[i], ChannelTileCode.FLIP.as(length()));
      }
    }
    Vec first = SPARE.as(length());
    a.vpunpcklbw(first, values[0], values[1]);
    a.vpunpckhbw(targets[0], values[0], values[1]);
    a.vpunpcklbw(targets[1], values[2], values[3]);
    a.vpunpckhbw(targets[2], values[2], values[3]);
    a.vpunpckhwd(targets[3], targets[0], targets[2]);
    a.vpunpcklwd(targets[2], targets[0], targets[2]);
    a.vpunpcklwd(targets[0], first, targets[1]);
    a.vpunpckhwd(targets[1], first, targets[1]);
  }

  /** Stores the channels of either half of a vector of bytes. */
  static void storeHalves(Assembler a, Mem lower, Mem upper, Vec bytes, Vec scratch) {
    Vec half = scratch.as(Vec.Length.YMM);
    a.vextracti64x4(half, bytes);
    Modifiers channels = Modifiers.merging(TileStores.PIXEL_BYTES);
    a.vmovdqu8(lower, bytes.as(Vec.Length.YMM), channels);
    a.vmovdqu8(upper, half, channels);
  }
}
