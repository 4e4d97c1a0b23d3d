package io.compresso.kernel.vector;

import io.compresso.kernel.panel.PanelProduct;
import io.compresso.kernel.panel.PanelShape;
import io.compresso.kernel.panel.PanelShape.BiasAxis;
import io.compresso.kernel.panel.Scratch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Tiles of six rows by two vectors, which fit into 16 registers. The rows that a last tile lacks
 * are computed from its last row; columns that a last tile lacks are read from a padded copy.
 */
final class VectorPanel implements PanelProduct {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int LANES = SPECIES.length();
  private static final int VECTOR_BYTES = 4 * LANES;

  static final int ROWS = 6;
  static final int WIDTH = 2 * LANES;

  static final PanelProduct.Factory FACTORY =
      new PanelProduct.Factory() {
        @Override
        public int width() {
          return WIDTH;
        }

        @Override
        public PanelProduct create(PanelShape shape) {
          return new VectorPanel(shape);
        }
      };

  private final PanelShape shape;
  private final long rowBytes;
  private final long stepBytes;
  private final long outputBytes;
  private final long[] offsets;
  private final long[] packedOffsets;

  private VectorPanel(PanelShape shape) {
    this.shape = shape;
    this.rowBytes = 4 * shape.left().rowStride();
    this.stepBytes = 4 * shape.left().step();
    this.outputBytes = 4 * shape.outputStride();
    int depth = shape.panel().depth();
    this.offsets = new long[depth];
    this.packedOffsets = new long[depth];
    List<Integer> taps = shape.panel().taps();
    for (int p = 0; p < depth; p++) {
      offsets[p] = 4 * (p / taps.size() * shape.panel().groupStride() + taps.get(p % taps.size()));
      packedOffsets[p] = 4L * p * WIDTH;
    }
  }

  @Override
  public void multiply(
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment bias,
      int rows,
      int columns) {
    for (int column = 0; column < columns; column += WIDTH) {
      int count = Math.min(WIDTH, columns - column);
      long start = 4 * (column / WIDTH * shape.panel().advance());
      Tile tile = new Tile(a, c, bias, column, count);
      if (count == WIDTH || shape.panel().padded()) {
        tile.multiply(b, start, offsets, rows);
      } else {
        try (Scratch scratch = Scratch.of(4L * offsets.length * WIDTH)) {
          for (int p = 0; p < offsets.length; p++) {
            MemorySegment.copy(
                b, start + offsets[p], scratch.segment(), packedOffsets[p], 4L * count);
          }
          tile.multiply(scratch.segment(), 0, packedOffsets, rows);
        }
      }
    }
  }

  @Override
  public void close() {}

  /** The columns of one panel. */
  private final class Tile {
    private final MemorySegment a;
    private final MemorySegment c;
    private final MemorySegment bias;
    private final long columnBytes;
    private final VectorMask<Float> left;
    private final VectorMask<Float> right;
    private final float[] sums = new float[ROWS * WIDTH];

    Tile(MemorySegment a, MemorySegment c, MemorySegment bias, int column, int count) {
      this.a = a;
      this.c = c;
      this.bias = bias;
      this.columnBytes = 4L * column;
      this.left = SPECIES.indexInRange(0, count);
      this.right = SPECIES.indexInRange(LANES, count);
    }

    void multiply(MemorySegment b, long start, long[] rowOffsets, int rows) {
      for (int row = 0; row < rows; row += ROWS) {
        int count = Math.min(ROWS, rows - row);
        if (count == 1) {
          multiplyRow(b, start, rowOffsets, row);
        } else {
          multiplyRows(b, start, rowOffsets, row, count - 1);
        }
        for (int i = 0; i < count; i++) {
          store(row + i, i * WIDTH);
        }
      }
    }

    private void multiplyRow(MemorySegment b, long start, long[] rowOffsets, int row) {
      FloatVector s0 = FloatVector.zero(SPECIES);
      FloatVector s1 = s0;
      long x = row * rowBytes;
      for (long offset : rowOffsets) {
        FloatVector v = value(x);
        s0 = v.fma(load(b, start + offset), s0);
        s1 = v.fma(load(b, start + offset + VECTOR_BYTES), s1);
        x += stepBytes;
      }
      s0.intoArray(sums, 0);
      s1.intoArray(sums, LANES);
    }

    private void multiplyRows(MemorySegment b, long start, long[] rowOffsets, int row, int last) {
      FloatVector s00 = FloatVector.zero(SPECIES);
      FloatVector s01 = s00;
      FloatVector s10 = s00;
      FloatVector s11 = s00;
      FloatVector s20 = s00;
      FloatVector s21 = s00;
      FloatVector s30 = s00;
      FloatVector s31 = s00;
      FloatVector s40 = s00;
      FloatVector s41 = s00;
      FloatVector s50 = s00;
      FloatVector s51 = s00;
      int row2 = Math.min(2, last);
      int row3 = Math.min(3, last);
      int row4 = Math.min(4, last);
      int row5 = Math.min(5, last);
      long x = row * rowBytes;
      long x1 = rowBytes;
      long x2 = row2 * rowBytes;
      long x3 = row3 * rowBytes;
      long x4 = row4 * rowBytes;
      long x5 = row5 * rowBytes;
      for (long offset : rowOffsets) {
        FloatVector b0 = load(b, start + offset);
        FloatVector b1 = load(b, start + offset + VECTOR_BYTES);
        FloatVector v = value(x);
        s00 = v.fma(b0, s00);
        s01 = v.fma(b1, s01);
        v = value(x + x1);
        s10 = v.fma(b0, s10);
        s11 = v.fma(b1, s11);
        v = value(x + x2);
        s20 = v.fma(b0, s20);
        s21 = v.fma(b1, s21);
        v = value(x + x3);
        s30 = v.fma(b0, s30);
        s31 = v.fma(b1, s31);
        v = value(x + x4);
        s40 = v.fma(b0, s40);
        s41 = v.fma(b1, s41);
        v = value(x + x5);
        s50 = v.fma(b0, s50);
        s51 = v.fma(b1, s51);
        x += stepBytes;
      }
      s00.intoArray(sums, 0);
      s01.intoArray(sums, LANES);
      s10.intoArray(sums, WIDTH);
      s11.intoArray(sums, WIDTH + LANES);
      s20.intoArray(sums, 2 * WIDTH);
      s21.intoArray(sums, 2 * WIDTH + LANES);
      s30.intoArray(sums, 3 * WIDTH);
      s31.intoArray(sums, 3 * WIDTH + LANES);
      s40.intoArray(sums, 4 * WIDTH);
      s41.intoArray(sums, 4 * WIDTH + LANES);
      s50.intoArray(sums, 5 * WIDTH);
      s51.intoArray(sums, 5 * WIDTH + LANES);
    }

    private FloatVector value(long offset) {
      return FloatVector.broadcast(SPECIES, a.get(FLOAT, offset));
    }

    private static FloatVector load(MemorySegment b, long offset) {
      return FloatVector.fromMemorySegment(SPECIES, b, offset, ORDER);
    }

    private void store(int row, int sum) {
      long at = row * outputBytes + columnBytes;
      FloatVector s0 = FloatVector.fromArray(SPECIES, sums, sum);
      finish(s0, row, columnBytes, left).intoMemorySegment(c, at, ORDER, left);
      if (right.anyTrue()) {
        FloatVector s1 = FloatVector.fromArray(SPECIES, sums, sum + LANES);
        finish(s1, row, columnBytes + VECTOR_BYTES, right)
            .intoMemorySegment(c, at + VECTOR_BYTES, ORDER, right);
      }
    }

    private FloatVector finish(FloatVector sum, int row, long offset, VectorMask<Float> mask) {
      FloatVector value = sum;
      if (shape.bias() == BiasAxis.ROWS) {
        value = value.add(bias.get(FLOAT, 4L * row));
      } else if (shape.bias() == BiasAxis.COLUMNS) {
        value = value.add(FloatVector.fromMemorySegment(SPECIES, bias, offset, ORDER, mask));
      }
      if (shape.epilogue().clips()) {
        float low = shape.epilogue().low();
        float high = shape.epilogue().high();
        value = value.blend(low, value.compare(VectorOperators.LT, low));
        value = value.blend(high, value.compare(VectorOperators.GT, high));
      }
      return value;
    }
  }
}
