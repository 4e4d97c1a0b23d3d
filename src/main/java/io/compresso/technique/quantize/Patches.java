package io.compresso.technique.quantize;

import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The patches of a convolution's input that its weights multiply, of one image or signal after the
 * other; padding is zeros.
 *
 * @param batch how many images
 * @param channels of the input
 * @param sizes of the spatial axes
 * @param kernel of the weights, by axis
 * @param outputs positions by axis
 * @param strides by axis
 * @param pads before each axis
 * @param dilations by axis
 */
record Patches(
    int batch,
    int channels,
    int[] sizes,
    int[] kernel,
    int[] outputs,
    long[] strides,
    long[] pads,
    long[] dilations) {

  /** The patches of an input; null when it is not one that the weights take. */
  static @Nullable Patches of(Node node, Shape input, Shape weights) {
    int axes = input.rank() - 2;
    if (axes < 1 || weights.rank() != input.rank()) {
      return null;
    }
    int channels = (int) input.dim(1);
    int[] kernel = new int[axes];
    for (int axis = 0; axis < axes; axis++) {
      kernel[axis] = (int) weights.dim(2 + axis);
    }
    long[] ones = new long[axes];
    Arrays.fill(ones, 1);
    long[] strides = node.intsAttribute("strides", ones);
    long[] dilations = node.intsAttribute("dilations", ones);
    long[] pads = node.intsAttribute("pads", new long[2 * axes]).clone();
    String auto = node.stringAttribute("auto_pad", "NOTSET");
    int[] sizes = new int[axes];
    int[] outputs = new int[axes];
    for (int axis = 0; axis < axes; axis++) {
      sizes[axis] = (int) input.dim(2 + axis);
      long extent = (kernel[axis] - 1) * dilations[axis] + 1;
      if (auto.startsWith("SAME")) {
        long wanted = Math.ceilDiv(sizes[axis], strides[axis]);
        long total = Math.max(0, (wanted - 1) * strides[axis] + extent - sizes[axis]);
        pads[axis] = auto.equals("SAME_UPPER") ? total / 2 : total - total / 2;
        pads[axes + axis] = total - pads[axis];
      }
      outputs[axis] =
          (int)
              Math.max(
                  0, (sizes[axis] + pads[axis] + pads[axes + axis] - extent) / strides[axis] + 1);
    }
    return new Patches(
        (int) input.dim(0), channels, sizes, kernel, outputs, strides, pads, dilations);
  }

  /** Elements of the kernel for one channel. */
  int taps() {
    int taps = 1;
    for (int size : kernel) {
      taps *= size;
    }
    return taps;
  }

  /** All positions of all images. */
  int positions() {
    int positions = batch;
    for (int size : outputs) {
      positions *= size;
    }
    return positions;
  }

  /** Writes the patch of a position, channels first, to {@code target} from {@code at} on. */
  void copy(float[] values, int position, float[] target, int at) {
    int axes = sizes.length;
    long[] origin = new long[axes];
    int rest = position;
    for (int axis = axes - 1; axis >= 0; axis--) {
      origin[axis] = rest % outputs[axis] * strides[axis] - pads[axis];
      rest /= outputs[axis];
    }
    int plane = 1;
    for (int size : sizes) {
      plane *= size;
    }
    int taps = taps();
    for (int tap = 0; tap < taps; tap++) {
      long offset = 0;
      boolean inside = true;
      int left = tap;
      long stride = 1;
      for (int axis = axes - 1; axis >= 0; axis--) {
        long x = origin[axis] + left % kernel[axis] * dilations[axis];
        left /= kernel[axis];
        inside &= x >= 0 && x < sizes[axis];
        offset += x * stride;
        stride *= sizes[axis];
      }
      for (int channel = 0; channel < channels; channel++) {
        float value =
            inside ? values[(int) (((long) rest * channels + channel) * plane + offset)] : 0;
        target[at + channel * taps + tap] = Float.isFinite(value) ? value : 0;
      }
    }
  }
}
