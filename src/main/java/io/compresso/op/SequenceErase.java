package io.compresso.op;

import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A sequence without one element: that at a position, or the last. */
final class SequenceErase extends StandardOperator {
  SequenceErase() {
    super("SequenceErase", 11);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      TensorSequence sequence = Sequences.input(context, 0);
      List<Value> elements = new ArrayList<>(sequence.elements());
      if (elements.isEmpty()) {
        throw context.error("the sequence is empty");
      }
      elements.remove(
          Sequences.position(
              context, context.tensorOrNull(1), elements.size(), elements.size() - 1));
      return List.of(new TensorSequence(sequence.elementType(), elements));
    });
  }
}
