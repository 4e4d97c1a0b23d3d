package io.compresso.op;

import io.compresso.tensor.TensorSequence;
import java.util.List;
import java.util.Optional;

/** One element of a sequence; negative positions count from the end. */
final class SequenceAt extends StandardOperator {
  SequenceAt() {
    super("SequenceAt", 11);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(Sequences.element(context, 0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      TensorSequence sequence = Sequences.input(context, 0);
      int size = sequence.elements().size();
      int at = Sequences.position(context, context.tensor(1), size, -1);
      return List.of(sequence.elements().get(at));
    });
  }
}
