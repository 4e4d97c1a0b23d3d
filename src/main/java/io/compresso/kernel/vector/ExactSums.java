package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.panel.PanelProduct;
import io.compresso.kernel.panel.PanelShape;
import io.compresso.kernel.panel.PanelShape.BiasAxis;
import io.compresso.kernel.panel.PanelShape.Left;
import io.compresso.kernel.panel.PanelShape.Panel;
import io.compresso.kernel.panel.Scratch;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Exact integer sums of products by float arithmetic: differences of bytes have magnitudes up to
 * 255, so that the sum of up to {@value #MOST_PRODUCTS} products fits into the 24 bits of a float's
 * significand. Longer sums are split and added up as integers.
 */
final class ExactSums {
  /** {@code 258 * 255 * 255 < 2^24}. */
  static final int MOST_PRODUCTS = 258;

  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  private final PanelShape whole;
  private final int groupsAtATime;
  private final PanelProduct product;
  private final PanelProduct last;

  /** Whether sums of windows with so many taps can be split between channels. */
  static Acceptance accepts(long taps) {
    return Acceptance.when(
        taps <= MOST_PRODUCTS, "a window of " + taps + " elements is not summed exactly");
  }

  /**
   * @param sumStride from one row of sums to the next, a multiple of the panel's width
   */
  ExactSums(Left left, Panel panel, long sumStride) {
    this.whole = new PanelShape(left, panel, sumStride, BiasAxis.NONE, Epilogue.NONE);
    this.groupsAtATime = MOST_PRODUCTS / panel.taps().size();
    this.product = VectorPanel.FACTORY.create(shape(Math.min(groupsAtATime, panel.groups())));
    int rest = panel.groups() % groupsAtATime;
    this.last = VectorPanel.FACTORY.create(shape(rest));
  }

  private PanelShape shape(int groups) {
    Panel panel = whole.panel();
    return new PanelShape(
        whole.left(),
        new Panel(groups, panel.groupStride(), panel.taps(), panel.advance(), panel.padded()),
        whole.outputStride(),
        BiasAxis.NONE,
        Epilogue.NONE);
  }

  /** Computes {@code rows * columns} sums as 32-bit integers. */
  void multiply(MemorySegment a, MemorySegment b, MemorySegment sums, int rows, int columns) {
    long bytes = sums.byteSize();
    try (Scratch scratch = Scratch.of(bytes)) {
      MemorySegment floats = scratch.segment();
      int groups = whole.panel().groups();
      int taps = whole.panel().taps().size();
      sums.fill((byte) 0);
      for (int group = 0; group < groups; group += groupsAtATime) {
        PanelProduct part = groups - group < groupsAtATime ? last : product;
        part.multiply(
            a.asSlice(4 * group * taps * whole.left().step()),
            b.asSlice(4 * group * whole.panel().groupStride()),
            floats,
            MemorySegment.NULL,
            rows,
            columns);
        for (int row = 0; row < rows; row++) {
          add(floats, sums, 4 * row * whole.outputStride(), columns);
        }
      }
    }
  }

  private static void add(MemorySegment floats, MemorySegment sums, long start, int columns) {
    for (int i = 0; i < columns; i += VectorBytes.LANES) {
      long at = start + 4L * i;
      FloatVector part =
          FloatVector.fromMemorySegment(FloatVector.SPECIES_PREFERRED, floats, at, ORDER);
      IntVector integers = (IntVector) part.convertShape(VectorOperators.F2I, VectorBytes.INTS, 0);
      integers
          .add(IntVector.fromMemorySegment(VectorBytes.INTS, sums, at, ORDER))
          .intoMemorySegment(sums, at, ORDER);
    }
  }
}
