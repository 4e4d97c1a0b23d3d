package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;

/**
 * Reads a tensor as if it were expanded to another shape by ONNX's broadcasting, in blocks of
 * consecutive elements of that shape. Blocks must be read in order.
 */
final class BroadcastReader {
  private final Tensor tensor;

  /** The expanded shape with neighbours merged that repeat, or advance, together. */
  private final long[] dims;

  /** For each merged dimension the step in the tensor, 0 where it repeats. */
  private final long[] strides;

  private final long[] index;
  private long offset;

  /**
   * A reader of {@code tensor} expanded to {@code shape}.
   *
   * @throws IllegalArgumentException if it does not expand
   */
  BroadcastReader(Tensor tensor, Shape shape) {
    Shape own = tensor.shape();
    int lead = shape.rank() - own.rank();
    if (lead < 0) {
      throw new IllegalArgumentException("shape " + own + " does not expand to " + shape);
    }
    long[] ownStrides = own.strides();
    long[] merged = new long[shape.rank()];
    long[] steps = new long[shape.rank()];
    int count = 0;
    for (int axis = 0; axis < shape.rank(); axis++) {
      long dim = shape.dim(axis);
      long ownDim = axis < lead ? 1 : own.dim(axis - lead);
      if (ownDim != dim && ownDim != 1) {
        throw new IllegalArgumentException("shape " + own + " does not expand to " + shape);
      }
      if (dim == 1) {
        continue;
      }
      long step = ownDim == 1 ? 0 : ownStrides[axis - lead];
      if (count > 0 && steps[count - 1] == step * dim) {
        merged[count - 1] *= dim;
        steps[count - 1] = step;
      } else {
        merged[count] = dim;
        steps[count++] = step;
      }
    }
    if (count == 0) {
      count = 1;
      merged = new long[] {1};
      steps = new long[] {1};
    }
    this.tensor = tensor;
    this.dims = Arrays.copyOf(merged, count);
    this.strides = Arrays.copyOf(steps, count);
    this.index = new long[count];
  }

  /** Whether the whole tensor is one element, repeated. */
  private boolean constant() {
    return dims.length == 1 && strides[0] == 0;
  }

  /** Whether the elements are those of the tensor, in its order. */
  private boolean contiguous() {
    return dims.length == 1 && strides[0] == 1;
  }

  /** The next {@code count} elements. */
  void read(float[] to, int count) {
    if (constant()) {
      Arrays.fill(to, 0, count, tensor.getFloat(0));
    } else if (contiguous()) {
      Blocks.read(tensor, index[0], to, 0, count);
      index[0] += count;
    } else {
      for (int done = 0; done < count; ) {
        int run = run(count - done);
        if (repeats()) {
          Arrays.fill(to, done, done + run, tensor.getFloat(offset));
        } else {
          Blocks.read(tensor, offset, to, done, run);
        }
        advance(run);
        done += run;
      }
    }
  }

  /** The next {@code count} elements. */
  void read(double[] to, int count) {
    for (int done = 0; done < count; ) {
      int run = run(count - done);
      if (repeats()) {
        Arrays.fill(to, done, done + run, tensor.getDouble(offset));
      } else {
        Blocks.read(tensor, offset, to, done, run);
      }
      advance(run);
      done += run;
    }
  }

  /** The next {@code count} elements. */
  void read(long[] to, int count) {
    for (int done = 0; done < count; ) {
      int run = run(count - done);
      if (repeats()) {
        Arrays.fill(to, done, done + run, tensor.getLong(offset));
      } else {
        Blocks.read(tensor, offset, to, done, run);
      }
      advance(run);
      done += run;
    }
  }

  /** The tensor's indices of the next {@code count} elements. */
  void indices(long[] to, int count) {
    for (int done = 0; done < count; ) {
      int run = run(count - done);
      long step = repeats() ? 0 : 1;
      for (int i = 0; i < run; i++) {
        to[done + i] = offset + i * step;
      }
      advance(run);
      done += run;
    }
  }

  private boolean repeats() {
    return strides[strides.length - 1] == 0;
  }

  private int run(int most) {
    int last = dims.length - 1;
    return (int) Math.min(most, dims[last] - index[last]);
  }

  private void advance(int run) {
    int axis = dims.length - 1;
    index[axis] += run;
    offset += run * strides[axis];
    while (axis > 0 && index[axis] == dims[axis]) {
      offset -= dims[axis] * strides[axis];
      index[axis] = 0;
      axis--;
      index[axis]++;
      offset += strides[axis];
    }
  }
}
