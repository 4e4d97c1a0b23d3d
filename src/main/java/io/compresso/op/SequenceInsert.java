package io.compresso.op;

import io.compresso.graph.ValueType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A sequence with one element more, at a position or at the end. */
final class SequenceInsert extends StandardOperator {
  SequenceInsert() {
    super("SequenceInsert", 11);
  }

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(
            Inferred.of(
                new ValueType.SequenceType(
                    Dims.either(Sequences.element(context, 0), context.input(1).type()))));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      TensorSequence sequence = Sequences.input(context, 0);
      Tensor element = context.tensor(1);
      if (!sequence.elements().isEmpty() && element.dtype() != sequence.elementType()) {
        throw context.error("a sequence of " + sequence.elementType() + " takes no " + element);
      }
      int size = sequence.elements().size();
      List<Value> elements = new ArrayList<>(sequence.elements());
      elements.add(Sequences.position(context, context.tensorOrNull(2), size, size), element);
      return List.of(new TensorSequence(element.dtype(), elements));
    });
  }
}
