package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Convolution of data {@code [N, spatial..., C]}; the filters are those of {@link Conv}. */
final class NhwcConv extends MicrosoftOperator {
  @Override
  public String opType() {
    return "NhwcConv";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> x = context.dims(0);
      List<Dim> w = context.dims(1);
      long[] kernel = context.node().intsAttribute("kernel_shape");
      if (x == null || x.size() < 3 || kernel == null) {
        return List.of(Dims.tensor(context.dtype(0), x == null ? null : Dims.unknown(x.size())));
      }
      List<Dim> dims = new ArrayList<>();
      dims.add(x.getFirst());
      dims.addAll(Window.dims(context, ChannelsLast.toFirst(x), kernel, false));
      dims.add(w == null || w.isEmpty() ? Dim.UNKNOWN : w.getFirst());
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
    Tensor first =
        Reals.tensor(
            context,
            x.dtype(),
            ChannelsLast.toFirst(x.shape()),
            ChannelsLast.toFirst(Reals.doubles(x), x.shape()));
    Tensor y =
        Convolution.ofFloats(first, context.tensor(1), context.tensorOrNull(2))
            .run(context, Conv.isConstant(context));
    Shape shape = y.shape();
    return Reals.tensor(
        context,
        x.dtype(),
        ChannelsLast.toLast(shape),
        ChannelsLast.toLast(Reals.doubles(y), shape));
  }
}
