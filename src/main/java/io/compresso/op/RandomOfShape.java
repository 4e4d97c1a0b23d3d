package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Numbers drawn from a distribution, of the shape that an attribute gives; the same in each run.
 */
abstract class RandomOfShape extends StandardOperator {
  private final RandomDistribution distribution;

  RandomOfShape(String opType, RandomDistribution distribution) {
    super(opType, 1, 22);
    this.distribution = distribution;
  }

  @Override
  public final ShapeRule shapeRule() {
    return context ->
        List.of(
            Inferred.tensor(
                ElementTypes.of(context.node(), "dtype", DType.FLOAT),
                Arrays.stream(context.node().intsAttribute("shape", new long[0]))
                    .mapToObj(Dim::of)
                    .toList()));
  }

  @Override
  public final Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor y =
          context.allocate(
              ElementTypes.of(context.node(), "dtype", DType.FLOAT),
              Axes.shape(context, context.node().intsAttribute("shape", new long[0])));
      distribution.fill(y, context.node(), RandomSource.of(context));
      return List.of(y);
    });
  }
}
