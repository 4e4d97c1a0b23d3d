package io.compresso.op;

import io.compresso.graph.ValueType;
import io.compresso.tensor.OptionalValue;
import io.compresso.tensor.Value;
import java.util.List;
import java.util.Optional;

/** What an optional holds; any other value is itself. */
final class OptionalGetElement extends StandardOperator {
  OptionalGetElement() {
    super("OptionalGetElement", 15, 18, 28);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      ValueType type = context.input(0).type();
      if (type instanceof ValueType.OptionalType(ValueType element)) {
        return List.of(element == null ? Inferred.UNKNOWN : Inferred.of(element));
      }
      return List.of(Inferred.of(type));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Value value = Sequences.value(context, 0);
      Value element = value instanceof OptionalValue optional ? optional.value() : value;
      if (element == null) {
        throw context.error("the optional is empty");
      }
      return List.of(element);
    });
  }
}
