package io.compresso.op;

import io.compresso.graph.Attribute;
import io.compresso.graph.ValueType;
import io.compresso.tensor.OptionalValue;
import io.compresso.tensor.Value;
import java.util.List;
import java.util.Optional;

/** ONNX {@code Optional}: an optional that holds the input, or nothing. */
final class OptionalOf extends StandardOperator {
  OptionalOf() {
    super("Optional", 15, 28);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      ValueType element =
          context.node().input(0) == null
                  && context.node().attributes().get("type")
                      instanceof Attribute.TypeValue(ValueType type)
              ? type
              : context.input(0).type();
      return List.of(Inferred.of(new ValueType.OptionalType(element)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Value value = context.input(0);
      return List.of(new OptionalValue(value));
    });
  }
}
