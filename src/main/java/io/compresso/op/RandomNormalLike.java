package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Numbers drawn normally, of the shape of its input; the same in each run. */
final class RandomNormalLike extends StandardOperator {
  RandomNormalLike() {
    super("RandomNormalLike", 1, 22);
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
      double mean = context.node().floatAttribute("mean", 0);
      double scale = context.node().floatAttribute("scale", 1);
      Tensor x = context.tensor(0);
      Tensor y = context.allocate(ElementTypes.of(context.node(), "dtype", x.dtype()), x.shape());
      RandomGenerator random = RandomSource.of(context);
      for (long i = 0; i < y.size(); i++) {
        y.setDouble(i, mean + scale * random.nextGaussian());
      }
      return List.of(y);
    });
  }
}
