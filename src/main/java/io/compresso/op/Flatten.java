package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** A matrix: the axes before {@code axis} make its rows, the others its columns. */
final class Flatten extends StandardOperator {
  Flatten() {
    super("Flatten", 1, 9, 11, 13, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (dims == null) {
        return List.of(Dims.tensor(context.dtype(0), Dims.unknown(2)));
      }
      long axis = context.node().intAttribute("axis", 1);
      int split = axis == dims.size() ? dims.size() : Dims.axis(context, axis, dims.size());
      return List.of(
          Dims.tensor(
              context.dtype(0),
              List.of(
                  Dims.product(dims.subList(0, split)),
                  Dims.product(dims.subList(split, dims.size())))));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      int rank = x.shape().rank();
      long axis = context.node().intAttribute("axis", 1);
      int split = axis == rank ? rank : Axes.normalize(context, axis, rank);
      return List.of(
          x.reshape(Axes.shape(context, x.shape().size(0, split), x.shape().size(split, rank))));
    });
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowered.view();
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }
}
