package io.compresso.kernel;

import io.compresso.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * A copy with strides: transposes, slices, pieces of concatenations, repetitions, enlargement to
 * the nearest. Each element of the output is written at most once; those between the written ones
 * are left as they are. Operands begin at the first element that is copied and end with the last.
 *
 * @param elementBytes 1, 2, 4 or 8
 * @param axes outermost first
 */
public record CopyProblem(int elementBytes, List<Axis> axes) implements Problem {
  /**
   * One axis.
   *
   * @param size elements along it
   * @param inputStride elements of the input from one to the next; 0 repeats it
   * @param outputStride elements of the output from one to the next
   */
  public record Axis(long size, long inputStride, long outputStride) {
    public Axis {
      if (size < 0 || inputStride < 0 || outputStride < 0) {
        throw new IllegalArgumentException(
            "axis of %d elements with strides %d, %d".formatted(size, inputStride, outputStride));
      }
    }

    private boolean continues(Axis inner) {
      return inputStride == inner.inputStride * inner.size
          && outputStride == inner.outputStride * inner.size;
    }
  }

  public CopyProblem {
    axes = List.copyOf(axes);
    if (elementBytes != 1 && elementBytes != 2 && elementBytes != 4 && elementBytes != 8) {
      throw new IllegalArgumentException("copy of elements of %d bytes".formatted(elementBytes));
    }
  }

  /** The copy along the given axes, in the fewest. */
  public static CopyProblem of(int elementBytes, List<Axis> axes) {
    List<Axis> merged = new ArrayList<>();
    for (Axis axis : axes) {
      if (axis.size() == 1) {
        continue;
      }
      if (!merged.isEmpty() && merged.getLast().continues(axis)) {
        long size = merged.removeLast().size() * axis.size();
        merged.add(new Axis(size, axis.inputStride(), axis.outputStride()));
      } else {
        merged.add(axis);
      }
    }
    return new CopyProblem(elementBytes, merged);
  }

  /**
   * The transpose of a dense tensor to a dense one.
   *
   * @param order for each axis of the output the axis of the input
   */
  public static CopyProblem transpose(int elementBytes, Shape shape, int... order) {
    long[] strides = shape.strides();
    Axis[] axes = new Axis[order.length];
    long stride = 1;
    for (int i = order.length - 1; i >= 0; i--) {
      axes[i] = new Axis(shape.dim(order[i]), strides[order[i]], stride);
      stride *= shape.dim(order[i]);
    }
    return of(elementBytes, List.of(axes));
  }

  /** Rows that lie at distances: a piece of a concatenation or of a split. */
  public static CopyProblem rows(
      int elementBytes, long rows, long length, long inputStride, long outputStride) {
    return of(
        elementBytes, List.of(new Axis(rows, inputStride, outputStride), new Axis(length, 1, 1)));
  }

  /** Elements that are written. */
  public long count() {
    long product = 1;
    for (int i = 0; i < axes.size(); i++) {
      product = Math.multiplyExact(product, axes.get(i).size());
    }
    return product;
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.COPY;
  }

  @Override
  public long inputBytes() {
    long last = 0;
    for (int i = 0; i < axes.size(); i++) {
      Axis axis = axes.get(i);
      last = Math.addExact(last, Math.multiplyExact(axis.size() - 1, axis.inputStride()));
    }
    return count() == 0 ? 0 : Math.multiplyExact(elementBytes, last + 1);
  }

  @Override
  public long outputBytes() {
    long last = 0;
    for (int i = 0; i < axes.size(); i++) {
      Axis axis = axes.get(i);
      last = Math.addExact(last, Math.multiplyExact(axis.size() - 1, axis.outputStride()));
    }
    return count() == 0 ? 0 : Math.multiplyExact(elementBytes, last + 1);
  }
}
