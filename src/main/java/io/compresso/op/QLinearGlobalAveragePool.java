package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The mean of each channel of a quantized tensor, to a quantized result. */
final class QLinearGlobalAveragePool extends MicrosoftOperator {
  @Override
  public String opType() {
    return "QLinearGlobalAveragePool";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> x = context.dims(0);
      List<Dim> dims = x == null ? null : new ArrayList<>(x);
      boolean last = ChannelsLast.of(context.node());
      for (int axis = last ? 1 : 2; dims != null && axis < dims.size() - (last ? 1 : 0); axis++) {
        dims.set(axis, Dim.of(1));
      }
      return List.of(Dims.tensor(context.dtype(0), dims));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Shape shape = context.tensor(0).shape();
    if (shape.rank() < 3) {
      throw context.error("input " + shape + " has no spatial axes");
    }
    boolean last = ChannelsLast.of(context.node());
    double[] x = QuantizedFunction.reals(context, 0);
    long[] dims = shape.dims();
    int from = last ? 1 : 2;
    int to = last ? dims.length - 1 : dims.length;
    int plane = Math.toIntExact(shape.size(from, to));
    int step = last ? Math.toIntExact(shape.dim(-1)) : 1;
    Arrays.fill(dims, from, to, 1);
    double[] y = new double[Math.toIntExact(Shape.of(dims).size())];
    for (int i = 0; i < x.length; i++) {
      y[i / (plane * step) * step + i % step] += x[i] / plane;
    }
    return QuantizedFunction.quantize(context, y, Shape.of(dims), 0, 3);
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    Weights weights = PoolLowering.quantization(context);
    boolean last = ChannelsLast.of(context.node());
    return weights == null
        ? null
        : PoolLowering.global(context, PoolProblem.Kind.AVERAGE, last, weights);
  }
}
