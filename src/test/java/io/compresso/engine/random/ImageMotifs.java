package io.compresso.engine.random;

import io.compresso.engine.random.GraphPen.V;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Pieces of convolutional networks over {@code [N, C, H, W]}. */
final class ImageMotifs {
  private final GraphPen pen;

  ImageMotifs(GraphPen pen) {
    this.pen = pen;
  }

  V motif(V x, List<V> values) {
    return switch (pen.pick(14)) {
      case 0, 1, 2 -> activation(normalized(conv(x)));
      case 3 -> depthwise(x);
      case 4 -> residual(x);
      case 5, 6 -> pool(x);
      case 7 -> inception(x);
      case 8 -> shuffle(x);
      case 9 -> gate(x);
      case 10 -> resize(x);
      case 11 -> pad(x);
      case 12 -> transposed(x);
      default -> {
        V other = FloatMotifs.sameShape(x, values);
        yield activation(pen.like("Add % %", List.of(conv1x1(x, x.dim(1)), other)));
      }
    };
  }

  private V conv(V x) {
    long channels = x.dim(1);
    int groups = pen.once(4) && channels % 2 == 0 ? 2 : 1;
    long out = groups * (1L + pen.pick(12));
    return conv(x, out, groups, pen.oneOf(1, 1, 3, 3, 5, 2), pen.oneOf(1, 1, 2));
  }

  private V conv1x1(V x, long out) {
    return conv(x, out, 1, 1, 1);
  }

  private V depthwise(V x) {
    V y = conv(x, x.dim(1) * pen.oneOf(1, 1, 2), (int) x.dim(1), 3, pen.oneOf(1, 2));
    return activation(normalized(y));
  }

  private V conv(V x, long out, int groups, int kernel, int stride) {
    int dilation = kernel == 3 && pen.once(5) ? 2 : 1;
    int span = dilation * (kernel - 1) + 1;
    long begin = pen.once(4) ? pen.pick(span) : span / 2;
    long end = pen.once(4) ? pen.pick(span) : span / 2;
    long height = size(x.dim(2), span, stride, begin, end);
    long width = size(x.dim(3), span, stride, begin, end);
    if (height < 1 || width < 1) {
      return conv(x, out, groups, 1, 1);
    }
    long in = x.dim(1) / groups;
    List<V> operands = new ArrayList<>(List.of(x));
    operands.add(pen.weights(1.7 / Math.sqrt(in * kernel * kernel), out, in, kernel, kernel));
    boolean bias = pen.once(2);
    if (bias) {
      operands.add(pen.weights(0.5, out));
    }
    return pen.node(
        x.dtype(),
        List.of(x.dim(0), out, height, width),
        bias ? "Conv % % %" : "Conv % %",
        operands,
        "group",
        groups,
        "kernel_shape",
        new long[] {kernel, kernel},
        "strides",
        new long[] {stride, stride},
        "dilations",
        new long[] {dilation, dilation},
        "pads",
        new long[] {begin, begin, end, end});
  }

  private static long size(long size, int span, int stride, long begin, long end) {
    return Math.floorDiv(size + begin + end - span, stride) + 1;
  }

  /** What batch normalization can look like, or nothing. */
  private V normalized(V y) {
    long channels = y.dim(1);
    return switch (pen.pick(4)) {
      case 0, 1 ->
          pen.like(
              "BatchNormalization % % % % %",
              List.of(
                  y,
                  pen.weights(1, channels),
                  pen.weights(0.5, channels),
                  pen.weights(0.5, channels),
                  pen.constant(positive(channels))));
      case 2 -> {
        V scaled = pen.like("Mul % %", List.of(y, pen.weights(1, channels, 1, 1)));
        yield pen.like("Add % %", List.of(scaled, pen.weights(1, 1, channels, 1, 1)));
      }
      default -> y;
    };
  }

  private Tensor positive(long channels) {
    Tensor tensor = pen.random(DType.FLOAT, 0.5, channels);
    for (long i = 0; i < channels; i++) {
      tensor.setFloat(i, 0.7f + tensor.getFloat(i));
    }
    return tensor;
  }

  private V activation(V y) {
    return switch (pen.pick(7)) {
      case 0, 1, 2 -> pen.like("Relu %", List.of(y));
      case 3 -> pen.like("Clip % % %", List.of(y, pen.scalar(0), pen.scalar(0.9)));
      case 4 -> pen.like("HardSwish %", List.of(y));
      case 5 -> pen.like("Mul % %", List.of(y, pen.like("Sigmoid %", List.of(y))));
      default -> y;
    };
  }

  private V residual(V x) {
    V y = activation(normalized(conv(x, 2 * x.dim(1), 1, 3, 1)));
    y = y.shape().subList(2, 4).equals(x.shape().subList(2, 4)) ? conv1x1(y, x.dim(1)) : x;
    y = normalized(y);
    V sum = pen.like("Add % %", pen.once(2) ? List.of(x, y) : List.of(y, x));
    return activation(sum);
  }

  private V pool(V x) {
    if (pen.once(5)) {
      List<Long> shape = List.of(x.dim(0), x.dim(1), 1L, 1L);
      return pen.node(
          x.dtype(), shape, pen.oneOf("GlobalAveragePool %", "GlobalMaxPool %"), List.of(x));
    }
    int kernel = pen.oneOf(2, 3);
    int stride = pen.oneOf(1, 2);
    int pad = kernel == 3 && pen.once(2) ? 1 : 0;
    long height = size(x.dim(2), kernel, stride, pad, pad);
    long width = size(x.dim(3), kernel, stride, pad, pad);
    if (height < 1 || width < 1) {
      return pen.like("Tanh %", List.of(x));
    }
    List<Long> shape = List.of(x.dim(0), x.dim(1), height, width);
    long[] kernels = {kernel, kernel};
    long[] strides = {stride, stride};
    long[] pads = {pad, pad, pad, pad};
    return kernel == 2 || pen.once(2)
        ? pen.node(
            x.dtype(),
            shape,
            "MaxPool %",
            List.of(x),
            "kernel_shape",
            kernels,
            "strides",
            strides,
            "pads",
            pads)
        : pen.node(
            x.dtype(),
            shape,
            "AveragePool %",
            List.of(x),
            "kernel_shape",
            kernels,
            "strides",
            strides,
            "pads",
            pads,
            "count_include_pad",
            pen.pick(2));
  }

  private V inception(V x) {
    V left = activation(conv1x1(x, 4));
    V right = activation(normalized(conv1x1(x, 1 + pen.pick(5))));
    List<Long> shape = FloatMotifs.with(left, 1, left.dim(1) + right.dim(1) + x.dim(1));
    return pen.node(x.dtype(), shape, "Concat % % %", List.of(left, x, right), "axis", 1);
  }

  private V shuffle(V x) {
    long channels = x.dim(1);
    if (channels % 2 != 0) {
      return activation(conv1x1(x, 2 * channels));
    }
    long half = channels / 2;
    List<V> halves =
        pen.nodes(
            x.dtype(),
            List.of(FloatMotifs.with(x, 1, half), FloatMotifs.with(x, 1, half)),
            "Split %",
            List.of(x),
            "axis",
            1);
    V right = activation(conv1x1(halves.get(1), half));
    V joined =
        pen.node(x.dtype(), x.shape(), "Concat % %", List.of(halves.get(0), right), "axis", 1);
    V apart =
        pen.node(
            x.dtype(),
            List.of(x.dim(0), 2L, half, x.dim(2), x.dim(3)),
            "Reshape % %",
            List.of(joined, pen.longs(-1, 2, half, x.dim(2), x.dim(3))));
    V dealt =
        pen.node(
            x.dtype(),
            List.of(x.dim(0), half, 2L, x.dim(2), x.dim(3)),
            "Transpose %",
            List.of(apart),
            "perm",
            new long[] {0, 2, 1, 3, 4});
    return pen.node(
        x.dtype(),
        x.shape(),
        "Reshape % %",
        List.of(dealt, pen.longs(-1, channels, x.dim(2), x.dim(3))));
  }

  private V gate(V x) {
    List<Long> shape = List.of(x.dim(0), x.dim(1), 1L, 1L);
    V pooled = pen.node(x.dtype(), shape, "GlobalAveragePool %", List.of(x));
    V squeezed = pen.like("Relu %", List.of(conv1x1(pooled, 4)));
    V gate =
        pen.like(pen.oneOf("Sigmoid %", "HardSigmoid %"), List.of(conv1x1(squeezed, x.dim(1))));
    return pen.like("Mul % %", List.of(x, gate));
  }

  private V resize(V x) {
    V scales = pen.constant(Tensor.ofFloats(Shape.of(4), 1, 1, 2, 2));
    List<Long> shape = List.of(x.dim(0), x.dim(1), 2 * x.dim(2), 2 * x.dim(3));
    return pen.once(2)
        ? pen.node(
            x.dtype(),
            shape,
            "Resize % _ %",
            List.of(x, scales),
            "mode",
            "nearest",
            "coordinate_transformation_mode",
            "asymmetric",
            "nearest_mode",
            "floor")
        : pen.node(
            x.dtype(),
            shape,
            "Resize % _ %",
            List.of(x, scales),
            "mode",
            "linear",
            "coordinate_transformation_mode",
            "half_pixel");
  }

  private V pad(V x) {
    List<Long> shape = List.of(x.dim(0), x.dim(1), x.dim(2) + 3, x.dim(3) + 1);
    V padded = pen.node(x.dtype(), shape, "Pad % %", List.of(x, pen.longs(0, 0, 1, 0, 0, 0, 2, 1)));
    return pen.once(2) ? conv(padded, 4, 1, 3, 1) : padded;
  }

  private V transposed(V x) {
    long out = 1 + pen.pick(6);
    V weights = pen.weights(1 / Math.sqrt(x.dim(1)), x.dim(1), out, 2, 2);
    List<Long> shape = List.of(x.dim(0), out, 2 * x.dim(2), 2 * x.dim(3));
    V y =
        pen.node(
            x.dtype(),
            shape,
            "ConvTranspose % % %",
            List.of(x, weights, pen.weights(0.5, out)),
            "kernel_shape",
            new long[] {2, 2},
            "strides",
            new long[] {2, 2});
    return activation(y);
  }
}
