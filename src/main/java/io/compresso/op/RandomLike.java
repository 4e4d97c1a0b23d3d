package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Numbers drawn from a distribution, of the shape of the input; the same in each run. */
abstract class RandomLike extends StandardOperator {
  private final RandomDistribution distribution;

  RandomLike(String opType, RandomDistribution distribution) {
    super(opType, 1, 22);
    this.distribution = distribution;
  }

  @Override
  public final ShapeRule shapeRule() {
    return context -> {
      DType dtype = ElementTypes.orNull(context.node(), "dtype");
      return List.of(Dims.tensor(dtype == null ? context.dtype(0) : dtype, context.dims(0)));
    };
  }

  @Override
  public final Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Tensor y = context.allocate(ElementTypes.of(context.node(), "dtype", x.dtype()), x.shape());
      distribution.fill(y, context.node(), RandomSource.of(context));
      return List.of(y);
    });
  }
}
