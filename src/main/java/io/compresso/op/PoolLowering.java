package io.compresso.op;

import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.PoolProblem.Kind;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Poolings as kernels. */
final class PoolLowering {
  private PoolLowering() {}

  /**
   * The pooling of input 0 by the node's attributes; null where no problem says the same.
   *
   * @param last whether the channels of the data are its last axis
   */
  static @Nullable Lowered windows(
      LoweringContext context, Kind kind, boolean last, Weights weights) {
    Shape given = context.input(0).shape();
    Shape shape = last ? ChannelsLast.toFirst(given) : given;
    Window window =
        Window.of(
            context.node(), shape, Pooling.kernel(context.node()), Pooling.ceil(context.node()));
    List<SpatialAxis> axes = new ArrayList<>();
    for (int axis = 3 - window.rank(); axis < 3; axis++) {
      long span = (long) window.dilation()[axis] * (window.kernel()[axis] - 1) + 1;
      long needed =
          (long) (window.out()[axis] - 1) * window.stride()[axis]
              + span
              - window.in()[axis]
              - window.begin()[axis];
      int end = Math.toIntExact(Math.max(window.end()[axis], needed));
      if (end != window.end()[axis] && kind == Kind.AVERAGE_WITH_PADDING) {
        return null;
      }
      axes.add(
          new SpatialAxis(
              window.in()[axis],
              window.kernel()[axis],
              window.stride()[axis],
              window.dilation()[axis],
              window.begin()[axis],
              end));
    }
    PoolProblem problem =
        new PoolProblem(
            kind,
            context.input(0).dtype(),
            last ? Layout.NHWC : Layout.NCHW,
            Math.toIntExact(shape.dim(0)),
            Math.toIntExact(shape.dim(1)),
            axes);
    return problem.outputBytes() == context.output(0).bytes()
        ? Lowerings.single(context, problem, weights)
        : null;
  }

  /** The pooling of each channel's whole; null where no problem says the same. */
  static @Nullable Lowered global(
      LoweringContext context, Kind kind, boolean last, Weights weights) {
    Shape given = context.input(0).shape();
    if (given.rank() < 3 || given.size() == 0) {
      return null;
    }
    Shape shape = last ? ChannelsLast.toFirst(given) : given;
    int area = Math.toIntExact(shape.size(2, shape.rank()));
    return Lowerings.single(
        context,
        PoolProblem.global(
            kind,
            context.input(0).dtype(),
            last ? Layout.NHWC : Layout.NCHW,
            Math.toIntExact(shape.dim(0)),
            Math.toIntExact(shape.dim(1)),
            area),
        weights);
  }

  /** The constants of a quantized average: scales are inputs 1 and 3; null where they vary. */
  static @Nullable Weights quantization(LoweringContext context) {
    DType dtype = context.input(0).dtype();
    if (!Lowerings.isFixed(context, 1, 2, 3, 4) || context.output(0).dtype() != dtype) {
      return null;
    }
    float ratio = (float) (Lowerings.scalar(context, 1) / Lowerings.scalar(context, 3));
    return Weights.NONE.withQuantization(
        new WeightQuantization(
            new int[] {Lowerings.zeroPoint(context, 2)},
            new float[] {ratio},
            Lowerings.zeroPoint(context, 4)));
  }
}
