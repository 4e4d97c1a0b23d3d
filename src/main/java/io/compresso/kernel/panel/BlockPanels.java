package io.compresso.kernel.panel;

import io.compresso.kernel.BlockGemmProblem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * The weights of a {@link BlockGemmProblem}, packed for code that takes some columns at a time.
 *
 * <p>The fields are panels {@code [n/columns][k/8][columns][8]} of 4 bits, low bits first, or
 * {@code [n/columns][k][columns]} of 8 bits; k is that of whole blocks. The constants of a panel
 * are, for each block, the scales of its columns and, if zero points differ, its zero points as
 * floats, then the bias.
 */
public final class BlockPanels {
  /** Steps of depth whose fields of 4 bits lie together. */
  public static final int GROUP = 8;

  private static final int ALIGNMENT = 64;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final BlockGemmProblem problem;
  private final Layout layout;
  private final float zeroPoint;
  private final MemorySegment fields;
  private final MemorySegment constants;

  /**
   * Where fields and constants lie.
   *
   * @param columns columns of a panel
   * @param bits bits of a field
   * @param block weights of a block
   * @param blocks blocks of a column
   * @param zeroPoints whether the zero points differ from block to block
   * @param bias whether each panel ends with its bias
   */
  public record Layout(
      int columns, int bits, int block, int blocks, boolean zeroPoints, boolean bias) {
    /** Bytes of one number of each column. */
    public int vectorBytes() {
      return Float.BYTES * columns;
    }

    /** Bytes of the fields of a block of all columns. */
    public long blockBytes() {
      return (long) columns * block * bits / 8;
    }

    /** Bytes of the constants of a block of all columns. */
    public long blockConstantBytes() {
      return (long) vectorBytes() * (zeroPoints ? 2 : 1);
    }

    /** Bytes of the fields of a panel. */
    public long panelBytes() {
      return blocks * blockBytes();
    }

    /** Bytes of the constants of a panel. */
    public long constantBytes() {
      return blocks * blockConstantBytes() + (bias ? vectorBytes() : 0);
    }
  }

  /**
   * Packs weights.
   *
   * @param columns columns of a panel
   * @param bias whether the bias is packed as well
   * @param arena where the panels are allocated
   * @throws IllegalArgumentException if the weights are not constant
   */
  public BlockPanels(
      BlockGemmProblem problem, Weights weights, int columns, boolean bias, Arena arena) {
    MemorySegment data = BlockGemmProblem.fields(weights);
    WeightQuantization quantization = weights.quantization();
    boolean zeroPoints = zeroPointsDiffer(problem, quantization);
    this.problem = problem;
    this.layout =
        new Layout(columns, problem.bits(), problem.block(), problem.blocks(), zeroPoints, bias);
    this.zeroPoint = zeroPoints || problem.n() == 0 ? 0 : quantization.zeroPoint(0);
    this.fields = arena.allocate(count() * layout.panelBytes(), ALIGNMENT);
    this.constants = arena.allocate(count() * layout.constantBytes(), ALIGNMENT);
    for (int row = 0; row < problem.n(); row++) {
      packFields(data, row);
      packConstants(weights, row);
    }
  }

  private static boolean zeroPointsDiffer(
      BlockGemmProblem problem, WeightQuantization quantization) {
    for (int i = 1; i < problem.outputChannels(); i++) {
      if (quantization.zeroPoint(i) != quantization.zeroPoint(0)) {
        return true;
      }
    }
    return false;
  }

  private void packFields(MemorySegment data, int row) {
    int columns = layout.columns();
    long from = row * problem.rowBytes();
    long to = row / columns * layout.panelBytes();
    int column = row % columns;
    if (problem.bits() == 4) {
      for (long i = 0; i < problem.rowBytes(); i += GROUP / 2) {
        fields.set(
            ValueLayout.JAVA_INT_UNALIGNED,
            to + i * columns + 4L * column,
            data.get(ValueLayout.JAVA_INT_UNALIGNED, from + i));
      }
      return;
    }
    for (long i = 0; i < problem.rowBytes(); i++) {
      byte field = data.get(ValueLayout.JAVA_BYTE, from + i);
      fields.set(ValueLayout.JAVA_BYTE, to + i * columns + column, field);
    }
  }

  private void packConstants(Weights weights, int row) {
    WeightQuantization quantization = weights.quantization();
    int columns = layout.columns();
    long to = row / columns * layout.constantBytes() + 4L * (row % columns);
    for (int block = 0; block < problem.blocks(); block++) {
      int channel = row * problem.blocks() + block;
      constants.set(FLOAT, to, quantization.scale(channel));
      if (layout.zeroPoints()) {
        constants.set(FLOAT, to + layout.vectorBytes(), quantization.zeroPoint(channel));
      }
      to += layout.blockConstantBytes();
    }
    if (layout.bias()) {
      constants.set(FLOAT, to, Objects.requireNonNull(weights.bias()).getAtIndex(FLOAT, row));
    }
  }

  public Layout layout() {
    return layout;
  }

  /** The zero point of all blocks, 0 if they differ. */
  public float zeroPoint() {
    return zeroPoint;
  }

  /** Panels in all. */
  public int count() {
    return Math.ceilDiv(problem.n(), layout.columns());
  }

  /** Bytes of the fields of all panels. */
  public long bytes() {
    return fields.byteSize();
  }

  /** The address of the fields of a panel. */
  public long fields(long panel) {
    return fields.address() + panel * layout.panelBytes();
  }

  /** The address of the constants of a panel. */
  public long constants(long panel) {
    return constants.address() + panel * layout.constantBytes();
  }
}
