package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@link MaxPool} of data {@code [N, spatial..., C]}. */
final class NhwcMaxPool extends MicrosoftOperator {
  @Override
  public String opType() {
    return "NhwcMaxPool";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> x = context.dims(0);
      if (x == null || x.size() < 3) {
        return List.of(Dims.tensor(context.dtype(0), null));
      }
      List<Dim> dims = new ArrayList<>();
      dims.add(x.getFirst());
      dims.addAll(
          Window.dims(
              context,
              ChannelsLast.toFirst(x),
              Pooling.kernel(context.node()),
              Pooling.ceil(context.node())));
      dims.add(x.getLast());
      return List.of(Dims.tensor(context.dtype(0), dims));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    if (x.shape().rank() < 3) {
      throw context.error("input " + x.shape() + " has no spatial axes");
    }
    Shape first = ChannelsLast.toFirst(x.shape());
    Window window =
        Window.of(
            context.node(), first, Pooling.kernel(context.node()), Pooling.ceil(context.node()));
    double lowest = x.dtype().isFloat() ? Double.NEGATIVE_INFINITY : x.dtype().minValue();
    double[] y =
        Pooling.pool(
            ChannelsLast.toFirst(Reals.doubles(x), x.shape()),
            window,
            Math.toIntExact(first.size(0, 2)),
            (values, w, plane, start) -> {
              int at = MaxPool.largest(values, w, plane, start);
              return at < 0 ? lowest : values[at];
            });
    Shape shape = window.outShape(first.dim(0), first.dim(1));
    return Reals.tensor(
        context, x.dtype(), ChannelsLast.toLast(shape), ChannelsLast.toLast(y, shape));
  }
}
