package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The number of elements of a sequence, as a scalar. */
final class SequenceLength extends StandardOperator {
  SequenceLength() {
    super("SequenceLength", 11);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.tensor(DType.INT64, List.of()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(
        context -> List.of(Tensor.scalar((long) Sequences.input(context, 0).elements().size())));
  }
}
