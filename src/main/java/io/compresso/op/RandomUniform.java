package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Numbers drawn uniformly, of a given shape; the same in each run. */
final class RandomUniform extends StandardOperator {
  RandomUniform() {
    super("RandomUniform", 1, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(
            Inferred.tensor(
                ElementTypes.of(context.node(), "dtype", DType.FLOAT),
                Arrays.stream(context.node().intsAttribute("shape", new long[0]))
                    .mapToObj(Dim::of)
                    .toList()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      double low = context.node().floatAttribute("low", 0);
      double high = context.node().floatAttribute("high", 1);
      Tensor y =
          context.allocate(
              ElementTypes.of(context.node(), "dtype", DType.FLOAT),
              Axes.shape(context, context.node().intsAttribute("shape", new long[0])));
      RandomGenerator random = RandomSource.of(context);
      for (long i = 0; i < y.size(); i++) {
        y.setDouble(i, low + (high - low) * random.nextDouble());
      }
      return List.of(y);
    });
  }
}
