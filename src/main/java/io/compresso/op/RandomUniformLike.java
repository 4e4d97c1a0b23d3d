package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Numbers drawn uniformly, of the shape of its input; the same in each run. */
final class RandomUniformLike extends StandardOperator {
  RandomUniformLike() {
    super("RandomUniformLike", 1, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType dtype = ElementTypes.orNull(context.node(), "dtype");
      return List.of(Dims.tensor(dtype == null ? context.dtype(0) : dtype, context.dims(0)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      double low = context.node().floatAttribute("low", 0);
      double high = context.node().floatAttribute("high", 1);
      Tensor x = context.tensor(0);
      Tensor y = context.allocate(ElementTypes.of(context.node(), "dtype", x.dtype()), x.shape());
      RandomGenerator random = RandomSource.of(context);
      for (long i = 0; i < y.size(); i++) {
        y.setDouble(i, low + (high - low) * random.nextDouble());
      }
      return List.of(y);
    });
  }
}
