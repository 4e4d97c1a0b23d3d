package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Pooling in either layout: {@code kind} is a name of {@link PoolProblem.Kind} in lower case,
 * {@code layout} as in {@link CompiledConvolution}, the others are ONNX's; without {@code
 * kernel_shape} the window is the whole input. 8-bit averages have {@code x_zero_point}, {@code
 * scale} (the input's by the output's) and {@code y_zero_point}.
 */
final class CompiledPool extends InternalOperator {
  @Override
  public String opType() {
    return "Pool";
  }

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(LayoutDims.infer(context, first -> Dims.tensor(first.dtype(0), dims(first))));
  }

  private static @Nullable List<Dim> dims(ShapeContext context) {
    List<Dim> x = context.dims(0);
    if (x == null || x.size() < 3) {
      return null;
    }
    List<Dim> dims = new ArrayList<>(x.subList(0, 2));
    if (context.node().intsAttribute("kernel_shape") == null) {
      x.subList(2, x.size()).forEach(_ -> dims.add(Dim.of(1)));
    } else {
      dims.addAll(
          Window.dims(context, x, Pooling.kernel(context.node()), Pooling.ceil(context.node())));
    }
    return dims;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    PoolProblem problem = problem(context.node(), x.dtype(), x.shape());
    Tensor y = context.allocateUncleared(x.dtype(), outShape(problem));
    Products.run(
        context,
        problem,
        true,
        () -> weights(context.node()),
        Operands.of(Products.memory(x), y.segment()));
    return y;
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec x = context.input(0);
    PreparedKernel kernel =
        context.prepare(
            0, problem(context.node(), x.dtype(), x.shape()), () -> weights(context.node()));
    int threads = context.threads();
    return Lowered.of(buffers -> {
      Operands operands = Operands.of(buffers.input(0), buffers.output(0));
      return kernel.bind(operands, threads)::run;
    });
  }

  /** The constants of a node. */
  static Weights weights(Node node) {
    return Weights.NONE.withQuantization(
        new WeightQuantization(
            new int[] {(int) node.intAttribute("x_zero_point", 0)},
            new float[] {node.floatAttribute("scale", 1)},
            (int) node.intAttribute("y_zero_point", 0)));
  }

  /** The shape of the result in the problem's layout. */
  static Shape outShape(PoolProblem problem) {
    long[] dims = new long[problem.axes().size() + 2];
    dims[0] = problem.batch();
    dims[1] = problem.channels();
    for (int axis = 0; axis < problem.axes().size(); axis++) {
      dims[axis + 2] = problem.axes().get(axis).outputSize();
    }
    Shape first = Shape.of(dims);
    return problem.layout() == Layout.NHWC ? ChannelsLast.toLast(first) : first;
  }

  /** The problem of a node for data of the given shape. */
  static PoolProblem problem(Node node, DType type, Shape given) {
    if (given.rank() < 3 || given.rank() > 5) {
      throw new GraphException(node, "input " + given + " must have 1 to 3 spatial axes");
    }
    Layout layout = CompiledConvolution.layout(node);
    Shape shape = layout == Layout.NHWC ? ChannelsLast.toFirst(given) : given;
    try {
      PoolProblem.Kind kind =
          PoolProblem.Kind.valueOf(node.stringAttribute("kind", "").toUpperCase(Locale.ROOT));
      List<SpatialAxis> axes = new ArrayList<>();
      if (node.intsAttribute("kernel_shape") == null) {
        for (int axis = 2; axis < shape.rank(); axis++) {
          int size = Math.toIntExact(shape.dim(axis));
          axes.add(new SpatialAxis(size, Math.max(1, size), 1, 1, 0, 0));
        }
      } else {
        Window window = Window.of(node, shape, Pooling.kernel(node), Pooling.ceil(node));
        for (int axis = 3 - window.rank(); axis < 3; axis++) {
          axes.add(axis(window, axis));
        }
      }
      return new PoolProblem(
          kind, type, layout, Math.toIntExact(shape.dim(0)), Math.toIntExact(shape.dim(1)), axes);
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new GraphException(node, String.valueOf(e.getMessage()), e);
    }
  }

  /** The axis, padded at its end so that the last partial window of {@code ceil_mode} counts. */
  private static SpatialAxis axis(Window window, int axis) {
    int span = window.dilation()[axis] * (window.kernel()[axis] - 1) + 1;
    int needed =
        (window.out()[axis] - 1) * window.stride()[axis]
            + span
            - window.in()[axis]
            - window.begin()[axis];
    return new SpatialAxis(
        window.in()[axis],
        window.kernel()[axis],
        window.stride()[axis],
        window.dilation()[axis],
        window.begin()[axis],
        Math.max(window.end()[axis], needed));
  }
}
