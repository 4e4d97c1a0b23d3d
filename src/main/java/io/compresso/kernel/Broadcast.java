package io.compresso.kernel;

import io.compresso.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * How two dense operands are broadcast to a dense result, in the fewest axes; outermost first. A
 * scalar result has no axes.
 */
public record Broadcast(List<Axis> axes) {
  /**
   * One axis of the result.
   *
   * @param size elements along it
   * @param leftStride elements of the left operand from one to the next, 0 when it is repeated
   * @param rightStride as {@code leftStride}
   */
  public record Axis(long size, long leftStride, long rightStride) {
    /** Whether an axis around {@code inner} is one with it. */
    private boolean continues(Axis inner) {
      return leftStride == inner.leftStride * inner.size
          && rightStride == inner.rightStride * inner.size;
    }
  }

  public Broadcast {
    axes = List.copyOf(axes);
  }

  /** Two operands of {@code count} elements each. */
  public static Broadcast none(long count) {
    return new Broadcast(List.of(new Axis(count, 1, 1)));
  }

  /**
   * The broadcasting of ONNX: aligned at the last axis, axes of size 1 are repeated.
   *
   * @throws IllegalArgumentException if the shapes do not broadcast to each other
   */
  public static Broadcast of(Shape left, Shape right) {
    Shape result = left.broadcast(right);
    List<Axis> axes = new ArrayList<>();
    long leftStride = 1;
    long rightStride = 1;
    for (int i = 1; i <= result.rank(); i++) {
      long size = result.dim(result.rank() - i);
      long leftSize = i <= left.rank() ? left.dim(left.rank() - i) : 1;
      long rightSize = i <= right.rank() ? right.dim(right.rank() - i) : 1;
      if (size == 1) {
        continue;
      }
      Axis axis = new Axis(size, leftSize == 1 ? 0 : leftStride, rightSize == 1 ? 0 : rightStride);
      if (!axes.isEmpty() && axis.continues(axes.getFirst())) {
        Axis inner = axes.removeFirst();
        axis = new Axis(size * inner.size(), inner.leftStride(), inner.rightStride());
      }
      axes.addFirst(axis);
      leftStride *= leftSize;
      rightStride *= rightSize;
    }
    return new Broadcast(axes);
  }

  /** Elements of the result. */
  public long count() {
    long product = 1;
    for (int i = 0; i < axes.size(); i++) {
      product = Math.multiplyExact(product, axes.get(i).size());
    }
    return product;
  }

  /** Elements of the left operand. */
  public long leftCount() {
    long product = 1;
    for (int i = 0; i < axes.size(); i++) {
      product = Math.multiplyExact(product, axes.get(i).leftStride() == 0 ? 1 : axes.get(i).size());
    }
    return product;
  }

  /** Elements of the right operand. */
  public long rightCount() {
    long product = 1;
    for (int i = 0; i < axes.size(); i++) {
      product =
          Math.multiplyExact(product, axes.get(i).rightStride() == 0 ? 1 : axes.get(i).size());
    }
    return product;
  }
}
