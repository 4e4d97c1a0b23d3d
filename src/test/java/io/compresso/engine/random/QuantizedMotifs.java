package io.compresso.engine.random;

import io.compresso.engine.random.GraphPen.V;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Regions between QuantizeLinear and DequantizeLinear. */
final class QuantizedMotifs {
  private final GraphPen pen;

  /** The scales of dequantized values. */
  private final Map<String, Tensor> scales = new HashMap<>();

  QuantizedMotifs(GraphPen pen) {
    this.pen = pen;
  }

  /** A chain of quantized operators, or null if there is none for the shape. */
  @Nullable V motif(V x, List<V> values) {
    V real = through(x);
    int length = 1 + pen.pick(3);
    for (int i = 0; i < length; i++) {
      V next = layer(real, values);
      if (next == null) {
        return i == 0 ? null : real;
      }
      real = through(next);
    }
    return real;
  }

  private @Nullable V layer(V x, List<V> values) {
    if (x.rank() == 0) {
      return null;
    }
    if (pen.once(3)) {
      return switch (pen.pick(3)) {
        case 0 -> pen.like("Relu %", List.of(x));
        case 1 -> {
          V other = FloatMotifs.sameShape(x, values);
          yield pen.like("Add % %", List.of(x, through(other)));
        }
        default -> {
          V other = through(FloatMotifs.sameShape(x, values));
          int axis = pen.pick(x.rank());
          yield pen.node(
              x.dtype(),
              FloatMotifs.with(x, axis, 2 * x.dim(axis)),
              "Concat % %",
              List.of(x, other),
              "axis",
              axis);
        }
      };
    }
    return switch (x.rank()) {
      case 4 -> pen.once(4) ? pool(x) : conv(x);
      case 3, 2 -> product(x);
      default -> null;
    };
  }

  /** The value through bytes and back. */
  private V through(V x) {
    boolean signed = pen.once(3);
    DType dtype = signed ? DType.INT8 : DType.UINT8;
    // Odd scales: values halfway between two steps are then rare.
    Tensor step = Tensor.scalar((float) (0.013 * (1 + 0.7137 * pen.pick(5))));
    V scale = pen.constant(step);
    Tensor zero = Tensor.allocate(dtype, Shape.SCALAR);
    zero.setLong(0, signed ? pen.oneOf(0, -7) : pen.oneOf(128, 100, 0));
    V zeroPoint = pen.constant(zero);
    V bytes = pen.node(dtype, x.shape(), "QuantizeLinear % % %", List.of(x, scale, zeroPoint));
    V real =
        pen.node(
            DType.FLOAT, x.shape(), "DequantizeLinear % % %", List.of(bytes, scale, zeroPoint));
    scales.put(real.name(), step);
    return real;
  }

  /** Weights of 8 bits, by channel or not. */
  private V weights(int channelAxis, double range, long... shape) {
    V bytes = pen.constant(pen.random(DType.INT8, 1, shape));
    Tensor steps =
        Tensor.allocate(DType.FLOAT, pen.once(2) ? Shape.of(shape[channelAxis]) : Shape.SCALAR);
    for (long i = 0; i < steps.size(); i++) {
      steps.setFloat(i, (float) (range / 127 * (0.4 + 0.1371 * pen.pick(5))));
    }
    V real = dequantize(bytes, steps, channelAxis);
    scales.put(real.name(), steps);
    return real;
  }

  private V dequantize(V integers, Tensor steps, int axis) {
    List<V> operands = List.of(integers, pen.constant(steps));
    return steps.shape().rank() == 0
        ? pen.node(DType.FLOAT, integers.shape(), "DequantizeLinear % %", operands)
        : pen.node(DType.FLOAT, integers.shape(), "DequantizeLinear % %", operands, "axis", axis);
  }

  /** A bias of 32 bits, whose scale is that of the products. */
  private V bias(V x, V weights, long channels) {
    float input = Objects.requireNonNull(scales.get(x.name())).getFloat(0);
    Tensor steps = Objects.requireNonNull(scales.get(weights.name())).copy();
    for (long i = 0; i < steps.size(); i++) {
      steps.setFloat(i, input * steps.getFloat(i));
    }
    Tensor integers = Tensor.allocate(DType.INT32, Shape.of(channels));
    for (long i = 0; i < channels; i++) {
      integers.setLong(i, pen.pick(3000) - 1500);
    }
    return dequantize(pen.constant(integers), steps, 0);
  }

  private V conv(V x) {
    boolean depthwise = pen.once(3);
    int groups = depthwise ? (int) x.dim(1) : 1;
    long out = depthwise ? x.dim(1) : 1 + pen.pick(20);
    int kernel = pen.oneOf(1, 3);
    int stride = pen.oneOf(1, 1, 2);
    int pad = kernel / 2;
    List<V> operands = new ArrayList<>(List.of(x));
    long in = x.dim(1) / groups;
    operands.add(weights(0, 1.7 / Math.sqrt(in * kernel * kernel), out, in, kernel, kernel));
    boolean bias = pen.once(2);
    if (bias) {
      operands.add(bias(x, operands.get(1), out));
    }
    V y =
        pen.node(
            DType.FLOAT,
            List.of(
                x.dim(0),
                out,
                (x.dim(2) + 2 * pad - kernel) / stride + 1,
                (x.dim(3) + 2 * pad - kernel) / stride + 1),
            bias ? "Conv % % %" : "Conv % %",
            operands,
            "group",
            groups,
            "kernel_shape",
            new long[] {kernel, kernel},
            "strides",
            new long[] {stride, stride},
            "pads",
            new long[] {pad, pad, pad, pad});
    return pen.once(2) ? pen.like("Relu %", List.of(y)) : y;
  }

  /** Means of nine values do not fall halfway between two steps, as those of four do. */
  private V pool(V x) {
    int kernel = pen.oneOf(2, 3);
    if (x.dim(2) < kernel || x.dim(3) < kernel) {
      return pen.like("Relu %", List.of(x));
    }
    return pen.node(
        x.dtype(),
        List.of(x.dim(0), x.dim(1), (x.dim(2) - kernel) / 2 + 1, (x.dim(3) - kernel) / 2 + 1),
        kernel == 3 ? "AveragePool %" : "MaxPool %",
        List.of(x),
        "kernel_shape",
        new long[] {kernel, kernel},
        "strides",
        new long[] {2, 2});
  }

  private V product(V x) {
    long in = x.dim(-1);
    long out = 1 + pen.pick(24);
    V w = weights(1, 1.7 / Math.sqrt(in), in, out);
    V y = pen.node(x.dtype(), FloatMotifs.with(x, -1, out), "MatMul % %", List.of(x, w));
    return pen.once(2) ? pen.like("Add % %", List.of(y, bias(x, w, out))) : y;
  }
}
