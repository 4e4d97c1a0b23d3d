package io.compresso.evaluate.models;

import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Model;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Builds networks of convolutions over square images. Filters have the deviation of "Delving Deep
 * into Rectifiers" (arXiv 1502.01852), so that activations keep their scale through the depth.
 */
final class ConvBuilder extends GraphBuilder {
  private static final int CLASSES = 1000;

  private final Normalization normalization;

  /** What becomes of batch normalization. */
  enum Normalization {
    /** Nodes of their own. */
    EXPLICIT,
    /** Filters and biases have it in them. */
    FOLDED
  }

  /** What follows a convolution. */
  enum Activation {
    NONE,
    RELU,
    RELU6
  }

  /** A feature map. */
  record Features(String name, int channels, int side) {}

  /** A convolution's window; rows first. */
  record Window(int rows, int columns, int stride, int padRows, int padColumns) {
    /** A square that keeps the size, but for its stride. */
    static Window square(int size, int stride) {
      return new Window(size, size, stride, size / 2, size / 2);
    }

    /** A rectangle that keeps the size. */
    static Window of(int rows, int columns) {
      return new Window(rows, columns, 1, rows / 2, columns / 2);
    }

    /** A square without padding. */
    static Window unpadded(int size, int stride) {
      return new Window(size, size, stride, 0, 0);
    }

    private int side(int side) {
      return (side + 2 * padRows - rows) / stride + 1;
    }

    private Map<String, Attribute> attributes() {
      Map<String, Attribute> attributes = new LinkedHashMap<>();
      attributes.put("kernel_shape", Attribute.ints(rows, columns));
      attributes.put("strides", Attribute.ints(stride, stride));
      attributes.put("pads", Attribute.ints(padRows, padColumns, padRows, padColumns));
      return attributes;
    }
  }

  ConvBuilder(String name, Normalization normalization) {
    super(name);
    this.normalization = normalization;
  }

  /** The input: images of three channels. */
  Features image(int side) {
    return new Features(input("image", DType.FLOAT, 3, side, side), 3, side);
  }

  /** A convolution with its normalization and activation. */
  Features conv(Features x, int out, Window window, Activation activation) {
    return conv(x, out, window, 1, activation, 1);
  }

  Features conv(Features x, int out, Window window, int groups, Activation activation) {
    return conv(x, out, window, groups, activation, 1);
  }

  /** As {@code conv}, with a factor of the results' scale: less than 1 in residual branches. */
  Features conv(
      Features x, int out, Window window, int groups, Activation activation, double gain) {
    int in = x.channels / groups;
    double fanIn = (double) in * window.rows * window.columns;
    double variance = activation == Activation.NONE ? 1 : 2;
    String filters =
        weights(
            "filters", 0, gain * Math.sqrt(variance / fanIn), out, in, window.rows, window.columns);
    Map<String, Attribute> attributes = window.attributes();
    attributes.put("group", Attribute.of((long) groups));
    String y;
    if (normalization == Normalization.FOLDED) {
      y = node("Conv", List.of(x.name, filters, weights("bias", 0, 0.1 * gain, out)), attributes);
    } else {
      y = node("Conv", List.of(x.name, filters), attributes);
      y =
          node(
              "BatchNormalization",
              y,
              weights("scale", 1, 0.1, out),
              weights("offset", 0, 0.1 * gain, out),
              weights("mean", 0, 0.1 * gain, out),
              weights("variance", 1, 0.1, out));
    }
    return activate(new Features(y, out, window.side(x.side)), activation);
  }

  Features activate(Features x, Activation activation) {
    return switch (activation) {
      case NONE -> x;
      case RELU -> with(x, node("Relu", x.name));
      case RELU6 ->
          with(
              x,
              node(
                  "Clip",
                  x.name,
                  constant("low", Tensor.scalar(0f)),
                  constant("high", Tensor.scalar(6f))));
    };
  }

  private static Features with(Features x, String name) {
    return new Features(name, x.channels, x.side);
  }

  Features add(Features a, Features b) {
    return with(a, node("Add", a.name, b.name));
  }

  /** Joins channels. */
  Features concat(List<Features> parts) {
    String joined =
        node(
            "Concat",
            parts.stream().map(Features::name).toList(),
            Map.of("axis", Attribute.of(1L)));
    int channels = parts.stream().mapToInt(Features::channels).sum();
    return new Features(joined, channels, parts.getFirst().side);
  }

  Features maxPool(Features x, Window window) {
    return new Features(
        node("MaxPool", List.of(x.name), window.attributes()), x.channels, window.side(x.side));
  }

  /** A pool of 3 with stride 2 whose last window may reach beyond the image. */
  Features maxPoolCeil(Features x) {
    Map<String, Attribute> attributes = Window.unpadded(3, 2).attributes();
    attributes.put("ceil_mode", Attribute.of(1L));
    int side = Math.ceilDiv(x.side - 3, 2) + 1;
    return new Features(node("MaxPool", List.of(x.name), attributes), x.channels, side);
  }

  Features averagePool(Features x, Window window) {
    Map<String, Attribute> attributes = window.attributes();
    attributes.put("count_include_pad", Attribute.of(1L));
    return new Features(
        node("AveragePool", List.of(x.name), attributes), x.channels, window.side(x.side));
  }

  /** A learned magnification by two. */
  Features upsample(Features x, int out) {
    String filters = weights("filters", 0, Math.sqrt(1.0 / x.channels), x.channels, out, 2, 2);
    String y =
        node(
            "ConvTranspose",
            List.of(x.name, filters, weights("bias", 0, 0.1, out)),
            Map.of("kernel_shape", Attribute.ints(2, 2), "strides", Attribute.ints(2, 2)));
    return new Features(y, out, 2 * x.side);
  }

  /** Two halves of the channels. */
  List<Features> halves(Features x) {
    int half = x.channels / 2;
    List<Features> parts = new ArrayList<>();
    for (String part : split(x.name, 2, 1, half, half)) {
      parts.add(new Features(part, half, x.side));
    }
    return parts;
  }

  /** Deals the channels of two groups in turns. */
  Features shuffle(Features x) {
    String apart = node("Reshape", x.name, longs(-1, 2, x.channels / 2, x.side, x.side));
    String dealt = node("Transpose", List.of(apart), Map.of("perm", Attribute.ints(0, 2, 1, 3, 4)));
    return with(x, node("Reshape", dealt, longs(-1, x.channels, x.side, x.side)));
  }

  /** The model that ends in scores of 1000 classes. */
  Model classify(Features x) {
    String pooled = node("Flatten", node("GlobalAveragePool", x.name));
    String scores =
        node(
            "Gemm",
            List.of(
                pooled,
                weights("classifier", 0, Math.sqrt(1.0 / x.channels), CLASSES, x.channels),
                weights("bias", 0, 0.1, CLASSES)),
            Map.of("transB", Attribute.of(1L)));
    output(scores, DType.FLOAT, batch(), Dim.of(CLASSES));
    return build();
  }
}
