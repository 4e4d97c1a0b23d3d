package io.compresso.kernel.panel;

import io.compresso.kernel.Epilogue;
import java.util.List;

/**
 * What is fixed for all products of one {@link PanelProduct}. Strides and offsets count in
 * elements.
 *
 * @param left where the elements of the left operand lie
 * @param panel where those of the right operand lie
 * @param outputStride from one row of the output to the next
 * @param bias the axis along which the bias lies
 * @param epilogue the clip; whether a bias is added is said by {@code bias}
 */
public record PanelShape(
    Left left, Panel panel, long outputStride, BiasAxis bias, Epilogue epilogue) {
  /**
   * Element p of row i lies at {@code i * rowStride + p * step}.
   *
   * @param rowStride from one row to the next
   * @param step from one element of a row to the next
   */
  public record Left(long rowStride, long step) {}

  /**
   * Row {@code p = group * taps.size() + tap} of the panel of columns {@code j * width} to {@code
   * (j + 1) * width - 1} begins at {@code j * advance + group * groupStride + taps[tap]}.
   *
   * @param groups how often the taps are repeated
   * @param groupStride from one repetition to the next
   * @param taps offsets of the rows of one repetition
   * @param advance from one panel to the next
   * @param padded whether each panel's rows have {@code width} readable elements, also the last's
   */
  public record Panel(
      int groups, long groupStride, List<Integer> taps, long advance, boolean padded) {
    public Panel {
      taps = List.copyOf(taps);
    }

    /** Panels that {@link Packing} has made. */
    public static Panel packed(int depth, int width) {
      return new Panel(depth, width, List.of(0), (long) depth * width, true);
    }

    /** The columns of a row-major matrix as they lie. */
    public static Panel rowMajor(int depth, long rowStride, int width) {
      return new Panel(depth, rowStride, List.of(0), width, false);
    }

    /** Products of one sum. */
    public int depth() {
      return groups * taps.size();
    }
  }

  /** Where the bias of a result comes from. */
  public enum BiasAxis {
    /** No bias. */
    NONE,
    /** One value a row. */
    ROWS,
    /** One value a column. */
    COLUMNS
  }
}
