package io.compresso.op;

import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The negative log likelihood of targets given log probabilities. */
final class NegativeLogLikelihoodLoss implements Operator {
  @Override
  public String opType() {
    return "NegativeLogLikelihoodLoss";
  }

  @Override
  public List<Integer> versions() {
    return List.of(12, 13, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Dims.tensor(context.dtype(0), LossReduction.dims(context)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      return List.of(
          LossReduction.loss(
              context,
              Reals.doubles(x),
              x.shape(),
              context.tensor(1),
              context.tensorOrNull(2),
              x.dtype()));
    });
  }
}
