package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** 1 with the probability that each element gives, else 0; the same in each run. */
final class Bernoulli extends StandardOperator {
  Bernoulli() {
    super("Bernoulli", 15, 22);
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
      Tensor x = context.tensor(0);
      Tensor y = context.allocate(ElementTypes.of(context.node(), "dtype", x.dtype()), x.shape());
      RandomGenerator random = RandomSource.of(context);
      for (long i = 0; i < y.size(); i++) {
        y.setDouble(i, random.nextDouble() < x.getDouble(i) ? 1 : 0);
      }
      return List.of(y);
    });
  }
}
