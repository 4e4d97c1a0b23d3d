package io.compresso.kernel.jit.x86;

import io.compresso.kernel.SpatialAxis;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * The lines of the input that tiles of some rows of the output of a depthwise convolution read, and
 * which rows of the filter meet them there. The code of {@code uses} is repeated, each time with
 * the following lines and rows of the filter.
 *
 * @param outputRows rows of a tile
 * @param offsets the lines of a slice of the input, counted from the first one
 * @param uses for each line of a repetition where it is used
 * @param filterRows rows of the filter of a repetition
 * @param repeats how often {@code uses} is repeated for all slices
 */
record TapLines(
    int outputRows, List<Integer> offsets, List<List<Use>> uses, int filterRows, int repeats) {
  /** A row of the tile, and the row of the filter, of those of a repetition, that it takes. */
  record Use(int outputRow, int filterRow) {}

  /**
   * The lines of a single row, each of which is a repetition.
   *
   * @param slices of the filter
   */
  static TapLines ofOneRow(SpatialAxis height, int slices) {
    List<Integer> offsets = new ArrayList<>();
    for (int k = 0; k < height.kernel(); k++) {
      offsets.add(k * height.dilation());
    }
    return new TapLines(
        1, List.copyOf(offsets), List.of(List.of(new Use(0, 0))), 1, slices * height.kernel());
  }

  /**
   * The lines of several rows; a slice is a repetition.
   *
   * @param slices of the filter
   */
  static TapLines of(SpatialAxis height, int slices, int outputRows) {
    TreeSet<Integer> offsets = new TreeSet<>();
    for (int row = 0; row < outputRows; row++) {
      for (int k = 0; k < height.kernel(); k++) {
        offsets.add(row * height.stride() + k * height.dilation());
      }
    }
    List<List<Use>> uses = new ArrayList<>();
    for (int offset : offsets) {
      List<Use> ofLine = new ArrayList<>();
      for (int row = 0; row < outputRows; row++) {
        int distance = offset - row * height.stride();
        int k = distance / height.dilation();
        if (distance >= 0 && distance % height.dilation() == 0 && k < height.kernel()) {
          ofLine.add(new Use(row, k));
        }
      }
      uses.add(List.copyOf(ofLine));
    }
    return new TapLines(
        outputRows, List.copyOf(offsets), List.copyOf(uses), height.kernel(), slices);
  }

  /** For each row of the tile the line that meets the given row of the filter. */
  List<Integer> linesOf(int filterRow) {
    List<Integer> found = new ArrayList<>();
    for (int row = 0; row < outputRows; row++) {
      for (int line = 0; line < uses.size(); line++) {
        if (uses.get(line).contains(new Use(row, filterRow))) {
          found.add(line);
        }
      }
    }
    return found;
  }

  /** Lines that a tile reads. */
  int count() {
    return uses.size() * repeats;
  }
}
