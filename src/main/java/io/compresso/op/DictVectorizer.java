package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorMap;
import java.util.List;
import java.util.Optional;

/** The values of a map in the order of a vocabulary, {@code [1, V]}; absent ones are 0 or empty. */
final class DictVectorizer extends MlOperator {
  @Override
  public String opType() {
    return "DictVectorizer";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      Dim columns = Dim.of(vocabulary(context.node()).size());
      DType dtype =
          context.input(0).type() instanceof ValueType.MapType(var _, ValueType value)
                  && value instanceof ValueType.TensorType type
              ? type.dtype()
              : null;
      return List.of(Dims.tensor(dtype, List.of(Dim.of(1), columns)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static MlAttributes.Labels vocabulary(Node node) {
    return MlAttributes.Labels.of(node, "string_vocabulary", "int64_vocabulary");
  }

  private static Tensor run(OpContext context) {
    if (!(context.input(0) instanceof TensorMap map)) {
      throw context.error("input 0 is not a map");
    }
    Tensor keys = vocabulary(context.node()).tensor();
    if (keys.dtype() != map.keys().dtype()) {
      throw context.error("a vocabulary of %s for a map from %s".formatted(keys, map.keys()));
    }
    Tensor values = map.values();
    Tensor y = context.allocate(values.dtype(), Shape.of(1, keys.size()));
    for (long i = 0; i < keys.size(); i++) {
      int at =
          keys.dtype() == DType.STRING
              ? map.indexOf(keys.getString(i))
              : map.indexOf(keys.getLong(i));
      if (at >= 0) {
        StridedCopy.run(values, at, y, i, 1);
      }
    }
    return y;
  }
}
