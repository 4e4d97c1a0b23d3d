package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** {@code max(0, x)}. */
final class Relu implements Operator {
  @Override
  public String opType() {
    return "Relu";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 6, 13, 14);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Tensor y = context.allocate(x.dtype(), x.shape());
      for (long i = 0; i < x.size(); i++) {
        if (x.dtype() == DType.FLOAT) {
          float value = x.getFloat(i);
          y.setFloat(i, value < 0 ? 0 : value);
        } else {
          double value = x.getDouble(i);
          y.setDouble(i, value < 0 ? 0 : value);
        }
      }
      return List.of(y);
    });
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
