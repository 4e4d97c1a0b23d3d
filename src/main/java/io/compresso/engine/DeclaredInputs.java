package io.compresso.engine;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The inputs that a model declares, which the values of a run are held against. */
final class DeclaredInputs {
  private final Map<String, ValueInfo> inputs = new LinkedHashMap<>();

  DeclaredInputs(List<ValueInfo> inputs) {
    inputs.forEach(input -> this.inputs.put(input.name(), input));
  }

  /** The types and shapes of the named inputs; null unless the model says all of them. */
  @Nullable List<TensorSpec> specs(List<String> names) {
    List<TensorSpec> specs = new ArrayList<>();
    for (String name : names) {
      ValueInfo input = inputs.get(name);
      if (input == null || !(input.type() instanceof TensorType type)) {
        return null;
      }
      Shape shape = type.shapeOrNull();
      if (shape == null) {
        return null;
      }
      specs.add(new TensorSpec(type.dtype(), shape));
    }
    return specs;
  }

  /**
   * @throws GraphException if a value is of no input, or not of the input's type and dimensions
   */
  void check(Map<String, ? extends Value> given) {
    given.forEach((name, value) -> {
      ValueInfo input = inputs.get(name);
      if (input == null) {
        throw new GraphException(
            "the model has no input '%s'; it has %s".formatted(name, inputs.keySet()));
      }
      if (input.type() instanceof TensorType(DType dtype, List<Dim> dims)
          && !(value instanceof Tensor tensor && fits(tensor, dtype, dims))) {
        throw new GraphException(
            "input '%s' is %s, the model declares %s".formatted(name, value, input.type()));
      }
    });
  }

  private static boolean fits(Tensor tensor, DType dtype, @Nullable List<Dim> dims) {
    if (tensor.dtype() != dtype || dims != null && dims.size() != tensor.shape().rank()) {
      return false;
    }
    for (int axis = 0; dims != null && axis < dims.size(); axis++) {
      if (dims.get(axis) instanceof Dim.Fixed(long size) && size != tensor.shape().dim(axis)) {
        return false;
      }
    }
    return true;
  }
}
