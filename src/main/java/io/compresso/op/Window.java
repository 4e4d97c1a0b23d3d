package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A window that slides over the spatial axes of {@code [N, C, spatial...]}, for pooling and
 * convolution. All arrays have three elements: depth, height, width; axes that the tensor does not
 * have are of size 1.
 *
 * @param rank how many spatial axes the tensor has
 * @param in the input's sizes
 * @param kernel the window's sizes
 * @param stride the steps between windows
 * @param dilation the steps within a window
 * @param begin padding before the input
 * @param end padding after the input
 * @param out the output's sizes
 */
record Window(
    int rank,
    int[] in,
    int[] kernel,
    int[] stride,
    int[] dilation,
    int[] begin,
    int[] end,
    int[] out) {
  private static final int AXES = 3;

  /**
   * The window of a node with ONNX's attributes {@code auto_pad}, {@code dilations}, {@code pads},
   * {@code strides} on an input {@code [N, C, spatial...]}.
   *
   * @param kernel the window's size on each spatial axis
   * @param ceil whether a last, partial window counts
   * @throws GraphException if attributes and input do not fit
   */
  static Window of(Node node, Shape input, long[] kernel, boolean ceil) {
    int rank = input.rank() - 2;
    if (rank < 1 || rank > AXES) {
      throw new GraphException(
          node, "input " + input + " must have 1 to 3 spatial axes after batch and channels");
    }
    Attributes attributes = Attributes.of(node, kernel, rank);
    int[][] axes = new int[7][AXES];
    for (int axis = 0; axis < AXES; axis++) {
      int own = axis - (AXES - rank);
      long[] one =
          own < 0 ? new long[] {1, 1, 1, 1, 0, 0, 1} : attributes.on(node, input, own, ceil);
      for (int i = 0; i < one.length; i++) {
        if (one[i] > Integer.MAX_VALUE) {
          throw new GraphException(node, "a spatial size of " + one[i] + " is too large");
        }
        axes[i][axis] = (int) one[i];
      }
    }
    return new Window(rank, axes[0], axes[1], axes[2], axes[3], axes[4], axes[5], axes[6]);
  }

  /** The spatial dimensions of the output, for a shape rule; unknown where the input's are. */
  static List<Dim> dims(ShapeContext context, List<Dim> input, long[] kernel, boolean ceil) {
    int rank = input.size() - 2;
    if (rank < 1) {
      throw context.error("input must have spatial axes after batch and channels");
    }
    Attributes attributes = Attributes.of(context.node(), kernel, rank);
    List<Dim> dims = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      Long size = input.get(axis + 2).sizeOrNull();
      dims.add(
          size == null
              ? Dim.UNKNOWN
              : Dim.of(attributes.onAxis(context.node(), size, axis, ceil)[6]));
    }
    return dims;
  }

  /** The number of elements of one channel of the input. */
  int inSize() {
    return Math.multiplyExact(Math.multiplyExact(in[0], in[1]), in[2]);
  }

  /** The number of elements of one channel of the output. */
  int outSize() {
    return Math.multiplyExact(Math.multiplyExact(out[0], out[1]), out[2]);
  }

  /** The number of elements of the window. */
  int kernelSize() {
    return Math.multiplyExact(Math.multiplyExact(kernel[0], kernel[1]), kernel[2]);
  }

  /** Where the window of output {@code o} begins on {@code axis}; negative in the padding. */
  int start(int axis, int o) {
    return o * stride[axis] - begin[axis];
  }

  /** The first step of a window from {@code start} that lies in the input. */
  int first(int axis, int start) {
    return start >= 0 ? 0 : Math.ceilDiv(-start, dilation[axis]);
  }

  /** One past the last step of a window from {@code start} that lies in the input. */
  int last(int axis, int start) {
    int room = in[axis] - start;
    return room <= 0 ? 0 : Math.min(kernel[axis], Math.ceilDiv(room, dilation[axis]));
  }

  /** {@code [batch, channels]} followed by the output's spatial sizes. */
  Shape outShape(long batch, long channels) {
    long[] dims = new long[rank + 2];
    dims[0] = batch;
    dims[1] = channels;
    for (int axis = 0; axis < rank; axis++) {
      dims[axis + 2] = out[AXES - rank + axis];
    }
    return Shape.of(dims);
  }

  /** The attributes, filled to one entry per spatial axis. */
  private record Attributes(
      String autoPad, long[] kernel, long[] strides, long[] dilations, long @Nullable [] pads) {
    static Attributes of(Node node, long[] kernel, int rank) {
      if (kernel.length != rank) {
        throw new GraphException(
            node, "kernel " + Arrays.toString(kernel) + " on " + rank + " spatial axes");
      }
      return new Attributes(
          node.stringAttribute("auto_pad", "NOTSET"),
          positive(node, "kernel_shape", kernel),
          positive(node, "strides", filled(node, "strides", rank, 1)),
          positive(node, "dilations", filled(node, "dilations", rank, 1)),
          filled(node, "pads", 2 * rank, 0));
    }

    private static long[] filled(Node node, String name, int length, long otherwise) {
      long[] values = node.intsAttribute(name);
      if (values == null || values.length == 0) {
        values = new long[length];
        Arrays.fill(values, otherwise);
      }
      if (values.length != length) {
        throw new GraphException(
            node, "attribute '" + name + "' has " + values.length + " values, not " + length);
      }
      return values;
    }

    private static long[] positive(Node node, String name, long[] values) {
      for (long value : values) {
        if (value < 1 || value > Integer.MAX_VALUE) {
          throw new GraphException(node, "attribute '" + name + "' has the value " + value);
        }
      }
      return values;
    }

    long[] on(Node node, Shape input, int axis, boolean ceil) {
      return onAxis(node, input.dim(axis + 2), axis, ceil);
    }

    /** In, kernel, stride, dilation, begin, end, out. */
    long[] onAxis(Node node, long size, int axis, boolean ceil) {
      long extent = (kernel[axis] - 1) * dilations[axis] + 1;
      long stride = strides[axis];
      long begin = pads == null ? 0 : pads[axis];
      long end = pads == null ? 0 : pads[axis + kernel.length];
      long out;
      switch (autoPad) {
        case "SAME_UPPER", "SAME_LOWER" -> {
          out = Math.ceilDiv(size, stride);
          long total = Math.max(0, (out - 1) * stride + extent - size);
          begin = autoPad.equals("SAME_UPPER") ? total / 2 : total - total / 2;
          end = total - begin;
        }
        case "NOTSET", "VALID" -> {
          if (autoPad.equals("VALID")) {
            begin = 0;
            end = 0;
          }
          long free = Math.addExact(Math.addExact(size, begin), end) - extent;
          if (size == 0 && free < 0) {
            out = 0;
            break;
          }
          if (free < 0) {
            throw new GraphException(
                node,
                "window of %d on axis %d is larger than the padded input of %d"
                    .formatted(extent, axis + 2, free + extent));
          }
          out = (ceil ? Math.ceilDiv(free, stride) : free / stride) + 1;
          if (ceil && (out - 1) * stride >= size + begin) {
            out--;
          }
        }
        default -> throw new GraphException(node, "auto_pad '" + autoPad + "' is not known");
      }
      return new long[] {size, kernel[axis], stride, dilations[axis], begin, end, out};
    }
  }
}
