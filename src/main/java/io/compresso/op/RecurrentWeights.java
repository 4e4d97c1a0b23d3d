package io.compresso.op;

import io.compresso.kernel.WeightQuantization;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The constant weights of one product of a recurrent node, of both directions.
 *
 * @param data {@code [directions, gates * hidden, k]}, or {@code [directions, k, gates * hidden]}
 * @param byRows whether the gates are rows
 * @param scales one, one a direction, one a column, or one a direction and column; null for floats
 * @param zeroPoints as many as scales
 */
record RecurrentWeights(
    Tensor data, boolean byRows, float @Nullable [] scales, int @Nullable [] zeroPoints) {
  /** Floats in an input, or null when it is not constant. */
  static @Nullable RecurrentWeights ofFloats(LoweringContext context, int input) {
    Tensor data = context.constant(input);
    return data == null || data.dtype() != DType.FLOAT || data.shape().rank() != 3
        ? null
        : new RecurrentWeights(data, true, null, null);
  }

  /** Bytes in an input, or null when something of them is not constant or does not fit. */
  static @Nullable RecurrentWeights ofBytes(
      LoweringContext context, int input, int scale, int zeroPoint, boolean byRows) {
    Tensor data = context.constant(input);
    Tensor scales = context.constant(scale);
    if (data == null || scales == null || data.shape().rank() != 3 || !context.isFixed(zeroPoint)) {
      return null;
    }
    Tensor zeros = context.constant(zeroPoint);
    if (zeros != null && zeros.size() != 1 && zeros.size() != scales.size()) {
      return null;
    }
    int[] zeroPoints = new int[(int) scales.size()];
    for (int i = 0; zeros != null && i < zeroPoints.length; i++) {
      zeroPoints[i] = (int) zeros.getLong(zeros.size() == 1 ? 0 : i);
    }
    return new RecurrentWeights(data, byRows, scales.toFloats(), zeroPoints);
  }

  boolean isQuantized() {
    return scales != null;
  }

  /** Whether the weights are for so many directions, columns and elements to a sum. */
  boolean isOf(int directions, int columns, int depth) {
    return data.shape().dim(0) == directions && columns() == columns && depth() == depth;
  }

  /** The length of the sums. */
  int depth() {
    return Math.toIntExact(data.shape().dim(byRows ? 2 : 1));
  }

  private int columns() {
    return Math.toIntExact(data.shape().dim(byRows ? 1 : 2));
  }

  /** The memory of some gates' columns, from {@code from} to {@code to}, of a direction. */
  MemorySegment memory(int direction, int from, int to) {
    if (!byRows && (from != 0 || to != columns())) {
      throw new IllegalArgumentException("columns of weights that lie by rows");
    }
    Shape shape = data.shape();
    long element = data.dtype().bits() / 8;
    long matrix = element * shape.dim(1) * shape.dim(2);
    long row = byRows ? element * shape.dim(2) : element * shape.dim(1);
    return Products.memory(
        data.segment().asSlice(direction * matrix + from * row, (to - from) * row));
  }

  /** Some cells' columns of {@code gates} gates of a direction. */
  Cells cells(int direction, int gates, int first, int count) {
    return new Cells(direction, gates, first, count);
  }

  /** The columns of some cells: those of the first gate, then those of the second and so on. */
  final class Cells {
    private final int direction;
    private final int gates;
    private final int hidden;
    private final int first;
    private final int count;

    private Cells(int direction, int gates, int first, int count) {
      this.direction = direction;
      this.gates = gates;
      this.hidden = columns() / gates;
      this.first = first;
      this.count = count;
    }

    /** The elements, in the order of all weights; a copy if these are not all. */
    MemorySegment memory() {
      MemorySegment all = RecurrentWeights.this.memory(direction, 0, columns());
      int element = data.dtype().bits() / 8;
      if (byRows) {
        return gather(all, 1, depth() * element);
      }
      return gather(all, depth(), element);
    }

    /** Of {@code float}s of all cells of each gate those of these cells. */
    MemorySegment ofGates(MemorySegment floats) {
      return gather(floats, 1, Float.BYTES);
    }

    /** Copies cells of {@code bytes} bytes out of rows of all gates' cells. */
    private MemorySegment gather(MemorySegment from, int rows, int bytes) {
      if (count == hidden) {
        return from;
      }
      long stretch = (long) count * bytes;
      MemorySegment to = Arena.ofAuto().allocate(rows * gates * stretch, Tensor.ALIGNMENT);
      for (int group = 0; group < rows * gates; group++) {
        long at = ((long) group * hidden + first) * bytes;
        MemorySegment.copy(from, at, to, group * stretch, stretch);
      }
      return to;
    }

    WeightQuantization quantization() {
      WeightQuantization all = RecurrentWeights.this.quantization(direction, 0, columns());
      float[] allScales = scales;
      if (count == hidden || allScales == null || !isPerColumn(allScales.length)) {
        return all;
      }
      float[] some = new float[gates * count];
      int[] zeros = new int[gates * count];
      for (int i = 0; i < some.length; i++) {
        int column = i / count * hidden + first + i % count;
        some[i] = all.scale(column);
        zeros[i] = all.zeroPoint(column);
      }
      return new WeightQuantization(zeros, some, 0);
    }
  }

  /** Scales and zero points of some columns of a direction. */
  WeightQuantization quantization(int direction, int from, int to) {
    float[] allScales = scales;
    int[] allZeros = zeroPoints;
    if (allScales == null || allZeros == null) {
      return WeightQuantization.NONE;
    }
    int first = index(direction, from, allScales.length);
    int count = isPerColumn(allScales.length) ? to - from : 1;
    return new WeightQuantization(
        Arrays.copyOfRange(allZeros, first, first + count),
        Arrays.copyOfRange(allScales, first, first + count),
        0);
  }

  private boolean isPerColumn(int count) {
    return count >= columns();
  }

  private int index(int direction, int column, int count) {
    int directions = Math.toIntExact(data.shape().dim(0));
    if (count == 1) {
      return 0;
    }
    if (count == directions * columns()) {
      return direction * columns() + column;
    }
    if (count == columns()) {
      return column;
    }
    if (count == directions) {
      return direction;
    }
    throw new IllegalArgumentException(count + " scales for weights " + data);
  }
}
