package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One convolution of a node.
 *
 * @param x the data {@code [N, C, spatial...]}
 * @param w the filters {@code [M, C / group, kernel...]}
 * @param bias one value an output channel, or null
 * @param output the element type of the result
 * @param quantization zero points and scales of 8-bit operands
 * @param inputZeroPoint zero point of 8-bit data
 * @param epilogue the clip of the result; whether there is a bias is known from {@code bias}
 */
record Convolution(
    Tensor x,
    Tensor w,
    @Nullable Tensor bias,
    DType output,
    WeightQuantization quantization,
    int inputZeroPoint,
    Epilogue epilogue) {
  /** A convolution of floats. */
  static Convolution ofFloats(Tensor x, Tensor w, @Nullable Tensor bias) {
    return new Convolution(x, w, bias, x.dtype(), WeightQuantization.NONE, 0, Epilogue.NONE);
  }

  Convolution withEpilogue(Epilogue newEpilogue) {
    return new Convolution(x, w, bias, output, quantization, inputZeroPoint, newEpilogue);
  }

  /**
   * Computes it with the node's attributes.
   *
   * @param constant whether filters, bias and quantization are the same in every run
   */
  Tensor run(OpContext context, boolean constant) {
    Shape shape = x.shape();
    if (shape.rank() != w.shape().rank()) {
      throw context.error("input " + shape + " with weights " + w.shape());
    }
    long[] kernel = context.node().intsAttribute("kernel_shape", kernel(w.shape()));
    Window window = Window.of(context.node(), shape, kernel, false);
    if (!w.shape().equals(weights(context, shape, kernel))) {
      throw context.error(
          "weights %s for input %s in %d groups, kernel %s"
              .formatted(w.shape(), shape, group(context.node()), Arrays.toString(kernel)));
    }
    int channels = Math.toIntExact(w.shape().dim(0));
    if (bias != null && bias.size() != channels) {
      throw context.error("bias " + bias.shape() + " for " + channels + " output channels");
    }
    Tensor y = context.allocateUncleared(output, window.outShape(shape.dim(0), channels));
    ConvProblem problem =
        problem(
            context.node(),
            window,
            shape,
            w.shape(),
            new OperandTypes(x.dtype(), w.dtype(), output),
            epilogue.withBias(bias != null));
    Products.run(
        context,
        problem,
        constant,
        () ->
            Weights.of(Products.memory(w))
                .withBias(
                    bias == null
                        ? null
                        : Products.memory(Reals.as(context, problem.biasType(), bias)))
                .withQuantization(quantization),
        Operands.of(Products.memory(x), y.segment()).withInputQuantization(inputZeroPoint, 1));
    return y;
  }

  /**
   * The problem of a node with ONNX's attributes.
   *
   * @param x the shape of the data {@code [N, C, spatial...]}
   * @param w the shape of the filters
   */
  static ConvProblem problem(Node node, Shape x, Shape w, OperandTypes types, Epilogue epilogue) {
    long[] kernel = node.intsAttribute("kernel_shape", kernel(w));
    return problem(node, Window.of(node, x, kernel, false), x, w, types, epilogue);
  }

  private static ConvProblem problem(
      Node node, Window window, Shape x, Shape w, OperandTypes types, Epilogue epilogue) {
    try {
      List<SpatialAxis> axes = new ArrayList<>();
      for (int axis = 3 - window.rank(); axis < 3; axis++) {
        axes.add(
            new SpatialAxis(
                window.in()[axis],
                window.kernel()[axis],
                window.stride()[axis],
                window.dilation()[axis],
                window.begin()[axis],
                window.end()[axis]));
      }
      return new ConvProblem(
          types,
          ConvProblem.Layout.NCHW,
          Math.toIntExact(x.dim(0)),
          new ConvProblem.Channels(
              Math.toIntExact(x.dim(1)), Math.toIntExact(w.dim(0)), group(node)),
          axes,
          epilogue);
    } catch (IllegalArgumentException e) {
      throw new GraphException(node, String.valueOf(e.getMessage()), e);
    }
  }

  private Shape weights(OpContext context, Shape input, long[] kernel) {
    int group = group(context.node());
    if (input.dim(1) % group != 0 || w.shape().dim(0) % group != 0) {
      throw context.error(
          "%d input and %d output channels in %d groups"
              .formatted(input.dim(1), w.shape().dim(0), group));
    }
    long[] dims = new long[kernel.length + 2];
    dims[0] = w.shape().dim(0);
    dims[1] = input.dim(1) / group;
    System.arraycopy(kernel, 0, dims, 2, kernel.length);
    return Shape.of(dims);
  }

  private static int group(Node node) {
    long group = node.intAttribute("group", 1);
    if (group < 1 || group > Integer.MAX_VALUE) {
      throw new GraphException(node, "attribute 'group' is " + group);
    }
    return (int) group;
  }

  private static long[] kernel(Shape weights) {
    long[] dims = weights.dims();
    return Arrays.copyOfRange(dims, Math.min(2, dims.length), dims.length);
  }

  /** The shape rule of a convolution whose data and filters are the given inputs. */
  static Inferred infer(ShapeContext context, int data, int filters, @Nullable DType output) {
    return infer(context, context.dims(data), filters, output);
  }

  /** The same, of data of the given dimensions with channels first. */
  static Inferred infer(
      ShapeContext context, @Nullable List<Dim> x, int filters, @Nullable DType output) {
    List<Dim> w = context.dims(filters);
    if (x == null) {
      return Dims.tensor(output, w == null ? null : Dims.unknown(w.size()));
    }
    if (x.size() < 3 || w != null && w.size() != x.size()) {
      throw context.error(
          "input of rank %d with weights of rank %s"
              .formatted(x.size(), w == null ? "?" : String.valueOf(w.size())));
    }
    List<Dim> dims = new ArrayList<>();
    dims.add(x.getFirst());
    dims.add(w == null ? Dim.UNKNOWN : w.getFirst());
    long[] kernel = context.node().intsAttribute("kernel_shape");
    if (kernel == null && w != null && w.stream().skip(2).allMatch(Dim.Fixed.class::isInstance)) {
      kernel = w.stream().skip(2).mapToLong(dim -> ((Dim.Fixed) dim).size()).toArray();
    }
    dims.addAll(
        kernel == null ? Dims.unknown(x.size() - 2) : Window.dims(context, x, kernel, false));
    return Dims.tensor(output, dims);
  }
}
