package io.compresso.op;

import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.TensorSequence;
import java.util.List;
import java.util.Optional;

/** A sequence of no tensors. */
final class SequenceEmpty extends StandardOperator {
  SequenceEmpty() {
    super("SequenceEmpty", 11);
  }

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(
            Inferred.of(
                new ValueType.SequenceType(
                    new ValueType.TensorType(
                        ElementTypes.of(context.node(), "dtype", DType.FLOAT), null))));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context ->
        List.of(
            new TensorSequence(ElementTypes.of(context.node(), "dtype", DType.FLOAT), List.of())));
  }
}
