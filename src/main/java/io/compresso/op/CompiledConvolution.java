package io.compresso.op;

import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.ProductProblem;
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
 * What the engine's own convolutions share: ONNX's attributes, {@code layout} ({@code NCHW} or
 * {@code NHWC}, of data, residual and result; the filters are always those of {@link Conv}), and
 * those of {@link FusedEpilogue}.
 */
final class CompiledConvolution {
  private final OpContext context;
  private final ConvProblem problem;
  private final WeightQuantization quantization;

  private CompiledConvolution(
      OpContext context, ConvProblem problem, WeightQuantization quantization) {
    this.context = context;
    this.problem = problem;
    this.quantization = quantization;
  }

  /** The layout of a node's data. */
  static Layout layout(Node node) {
    return node.stringAttribute("layout", "NCHW").equals("NHWC") ? Layout.NHWC : Layout.NCHW;
  }

  /** The shape rule. */
  static Inferred infer(ShapeContext context, @Nullable DType output) {
    return LayoutDims.infer(context, first -> Convolution.infer(first, 0, 1, output));
  }

  /** Computes a node. */
  static Tensor run(OpContext context, DType output, boolean quantized) {
    Tensor x = context.tensor(0);
    Tensor w = context.tensor(1);
    if (x.shape().rank() < 3 || x.shape().rank() != w.shape().rank()) {
      throw context.error("input " + x.shape() + " with weights " + w.shape());
    }
    Layout layout = layout(context.node());
    Shape shape = layout == Layout.NHWC ? ChannelsLast.toFirst(x.shape()) : x.shape();
    ConvProblem problem =
        problem(context.node(), shape, w.shape(), new OperandTypes(x.dtype(), w.dtype(), output));
    int channels = problem.channels().out();
    Tensor bias = context.tensorOrNull(FusedEpilogue.BIAS);
    if (bias != null && bias.size() != channels) {
      throw context.error("bias " + bias.shape() + " for " + channels + " output channels");
    }
    CompiledConvolution convolution =
        new CompiledConvolution(
            context,
            problem,
            quantized ? FusedEpilogue.quantization(context, channels) : WeightQuantization.NONE);
    Tensor residual = context.tensorOrNull(FusedEpilogue.RESIDUAL);
    return layout == Layout.NCHW || hasNhwc(problem)
        ? convolution.run(x, residual)
        : convolution.runOverNchw(x, residual);
  }

  /** The node as a kernel; null where there is none for it. */
  static @Nullable Lowered lower(LoweringContext context, DType output, boolean quantized) {
    Shape given = context.input(0).shape();
    boolean last = layout(context.node()) == Layout.NHWC;
    ConvProblem problem =
        problem(
            context.node(),
            last ? ChannelsLast.toFirst(given) : given,
            context.input(1).shape(),
            new OperandTypes(context.input(0).dtype(), context.input(1).dtype(), output));
    return last && !hasNhwc(problem) ? null : FusedLowering.of(context, problem, quantized);
  }

  /** Where no kernel takes channels last: over copies with the channels first. */
  private Tensor runOverNchw(Tensor x, @Nullable Tensor residual) {
    ConvProblem first =
        new ConvProblem(
            problem.types(),
            Layout.NCHW,
            problem.batch(),
            problem.channels(),
            problem.axes(),
            problem.epilogue());
    Tensor y =
        new CompiledConvolution(context, first, quantization)
            .run(first(x), residual == null ? null : first(residual));
    int rank = y.shape().rank();
    int[] order = new int[rank];
    for (int i = 1; i < rank; i++) {
      order[i] = i == rank - 1 ? 1 : i + 1;
    }
    return Transpose.permute(context, y, order);
  }

  private Tensor first(Tensor x) {
    int rank = x.shape().rank();
    int[] order = new int[rank];
    for (int i = 1; i < rank; i++) {
      order[i] = i == 1 ? rank - 1 : i - 1;
    }
    return Transpose.permute(context, x, order);
  }

  private Tensor run(Tensor x, @Nullable Tensor residual) {
    Node node = context.node();
    Shape first = outShape();
    Tensor y =
        context.allocateUncleared(
            problem.types().output(),
            problem.layout() == Layout.NHWC ? ChannelsLast.toLast(first) : first);
    FusedEpilogue.requireLike(context, residual, y);
    Tensor bias = context.tensorOrNull(FusedEpilogue.BIAS);
    SplitProduct.run(
        context,
        problem,
        FusedEpilogue.isConstant(context),
        () ->
            Weights.of(Products.memory(context.tensor(1)))
                .withBias(
                    bias == null
                        ? null
                        : Products.memory(Reals.as(context, problem.biasType(), bias)))
                .withQuantization(quantization)
                .withResidual(FusedEpilogue.residualQuantization(node)),
        Operands.of(Products.memory(x), y.segment())
            .withThird(residual == null ? null : Products.memory(residual))
            .withInputQuantization(
                (int) node.intAttribute("x_zero_point", 0), node.floatAttribute("x_scale", 1)),
        y,
        residual);
    return y;
  }

  /** Whether there is a kernel for channels last that is worth its name. */
  private static boolean hasNhwc(ConvProblem problem) {
    ProductProblem plain = SplitProduct.plain(problem);
    return KernelCatalog.takesBeforeReference(plain, CpuFeatures.host()).accepted();
  }

  /** The problem of a node for data of the given shape, channels first. */
  private static ConvProblem problem(Node node, Shape shape, Shape w, OperandTypes types) {
    long[] dims = w.dims();
    long[] kernel = Arrays.copyOfRange(dims, 2, dims.length);
    if (!Arrays.equals(node.intsAttribute("kernel_shape", kernel), kernel)) {
      throw new GraphException(node, "attribute 'kernel_shape' is not that of the weights " + w);
    }
    Window window = Window.of(node, shape, kernel, false);
    long group = node.intAttribute("group", 1);
    if (group < 1 || group > Integer.MAX_VALUE || shape.dim(1) != dims[1] * group) {
      throw new GraphException(
          node, "weights %s for input %s in %d groups".formatted(w, shape, group));
    }
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
          layout(node),
          Math.toIntExact(shape.dim(0)),
          new ConvProblem.Channels(
              Math.toIntExact(shape.dim(1)), Math.toIntExact(dims[0]), (int) group),
          axes,
          FusedEpilogue.of(node));
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new GraphException(node, String.valueOf(e.getMessage()), e);
    }
  }

  /** The shape of the result, channels first. */
  private Shape outShape() {
    long[] dims = new long[problem.axes().size() + 2];
    dims[0] = problem.batch();
    dims[1] = problem.channels().out();
    for (int axis = 0; axis < problem.axes().size(); axis++) {
      dims[axis + 2] = problem.axes().get(axis).outputSize();
    }
    return Shape.of(dims);
  }
}
