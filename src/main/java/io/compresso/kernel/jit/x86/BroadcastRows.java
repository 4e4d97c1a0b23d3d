package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Broadcast;
import io.compresso.kernel.Broadcast.Axis;
import io.compresso.kernel.jit.x86.RowsRun.Grid;
import io.compresso.kernel.jit.x86.RowsRun.Grid.Lay;
import java.util.List;

/** A broadcast as rows: the innermost axis is the columns, the next one the rows of a block. */
final class BroadcastRows {
  private static final Axis ONCE = new Axis(1, 0, 0);

  private final List<Axis> outer;
  private final Axis rows;
  private final Axis columns;
  private final long blocks;

  BroadcastRows(Broadcast broadcast) {
    List<Axis> axes = broadcast.axes();
    int rank = axes.size();
    this.columns = rank > 0 ? axes.get(rank - 1) : ONCE;
    this.rows = rank > 1 ? axes.get(rank - 2) : ONCE;
    this.outer = axes.subList(0, Math.max(0, rank - 2));
    this.blocks = outer.stream().mapToLong(Axis::size).reduce(1, Math::multiplyExact);
  }

  /** Whether each column has the same left element. */
  boolean repeatsLeft() {
    return columns.leftStride() == 0;
  }

  /** Whether each column has the same right element. */
  boolean repeatsRight() {
    return columns.rightStride() == 0;
  }

  Grid grid(int operandBytes, int outputBytes, int weight) {
    return new Grid(
        blocks * rows.size(),
        Math.max(1, rows.size()),
        columns.size(),
        new Lay(rows.leftStride() * operandBytes, repeatsLeft() ? 0 : operandBytes),
        new Lay(rows.rightStride() * operandBytes, repeatsRight() ? 0 : operandBytes),
        new Lay(columns.size() * outputBytes, outputBytes),
        Lay.NONE,
        weight);
  }

  /** The left operand's first element of a block. */
  long leftOffset(long block) {
    long offset = 0;
    long rest = block;
    for (int i = outer.size() - 1; i >= 0; i--) {
      offset += rest % outer.get(i).size() * outer.get(i).leftStride();
      rest /= outer.get(i).size();
    }
    return offset;
  }

  /** The right operand's first element of a block. */
  long rightOffset(long block) {
    long offset = 0;
    long rest = block;
    for (int i = outer.size() - 1; i >= 0; i--) {
      offset += rest % outer.get(i).size() * outer.get(i).rightStride();
      rest /= outer.get(i).size();
    }
    return offset;
  }
}
