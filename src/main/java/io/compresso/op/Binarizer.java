package io.compresso.op;

import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** 1 where an element exceeds a threshold, else 0. */
final class Binarizer extends MlOperator {
  @Override
  public String opType() {
    return "Binarizer";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      float threshold = context.node().floatAttribute("threshold", 0);
      Tensor y = context.allocate(x.dtype(), x.shape());
      for (long i = 0; i < x.size(); i++) {
        y.setLong(i, x.getDouble(i) > threshold ? 1 : 0);
      }
      return List.of(y);
    });
  }
}
