package io.compresso.op;

import io.compresso.graph.ValueType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A sequence of its inputs. */
final class SequenceConstruct extends StandardOperator {
  SequenceConstruct() {
    super("SequenceConstruct", 11);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      ValueType element = context.input(0).type();
      for (int i = 1; i < context.node().inputs().size(); i++) {
        element = Dims.either(element, context.input(i).type());
      }
      return List.of(Inferred.of(new ValueType.SequenceType(element)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      List<Value> elements = new ArrayList<>();
      for (int i = 0; i < context.inputCount(); i++) {
        Tensor element = context.tensor(i);
        if (element.dtype() != context.tensor(0).dtype()) {
          throw context.error("elements are of types " + context.tensor(0) + " and " + element);
        }
        elements.add(element);
      }
      return List.of(new TensorSequence(context.tensor(0).dtype(), elements));
    });
  }
}
