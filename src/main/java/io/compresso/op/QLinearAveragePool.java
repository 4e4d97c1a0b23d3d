package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The mean of each window of a quantized tensor, to a quantized result. */
final class QLinearAveragePool extends MicrosoftOperator {
  @Override
  public String opType() {
    return "QLinearAveragePool";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> x = context.dims(0);
      if (x == null || x.size() < 3) {
        return List.of(Dims.tensor(context.dtype(0), null));
      }
      boolean last = ChannelsLast.of(context.node());
      List<Dim> first = last ? ChannelsLast.toFirst(x) : x;
      List<Dim> dims = new ArrayList<>(first.subList(0, 2));
      dims.addAll(
          Window.dims(
              context, first, Pooling.kernel(context.node()), Pooling.ceil(context.node())));
      return List.of(Dims.tensor(context.dtype(0), last ? ChannelsLast.toLast(dims) : dims));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Shape given = context.tensor(0).shape();
    boolean last = ChannelsLast.of(context.node());
    Shape shape = last ? ChannelsLast.toFirst(given) : given;
    double[] x = QuantizedFunction.reals(context, 0);
    Window window =
        Window.of(
            context.node(), shape, Pooling.kernel(context.node()), Pooling.ceil(context.node()));
    double[] y =
        Pooling.pool(
            last ? ChannelsLast.toFirst(x, given) : x,
            window,
            Math.toIntExact(shape.size(0, 2)),
            AveragePool.reduction(context.node().intAttribute("count_include_pad", 0) != 0));
    for (int i = 0; i < y.length; i++) {
      y[i] = Double.isNaN(y[i]) ? 0 : y[i];
    }
    Shape result = window.outShape(shape.dim(0), shape.dim(1));
    return last
        ? QuantizedFunction.quantize(
            context, ChannelsLast.toLast(y, result), ChannelsLast.toLast(result), 0, 3)
        : QuantizedFunction.quantize(context, y, result, 0, 3);
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    Weights weights = PoolLowering.quantization(context);
    boolean last = ChannelsLast.of(context.node());
    boolean padded = context.node().intAttribute("count_include_pad", 0) != 0;
    PoolProblem.Kind kind =
        padded ? PoolProblem.Kind.AVERAGE_WITH_PADDING : PoolProblem.Kind.AVERAGE;
    return weights == null ? null : PoolLowering.windows(context, kind, last, weights);
  }
}
