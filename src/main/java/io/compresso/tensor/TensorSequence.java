package io.compresso.tensor;

import java.util.List;

/**
 * An ONNX sequence: values of one type, in order.
 *
 * @param elementType the type of the tensors; of a sequence of maps, of their values
 */
public record TensorSequence(DType elementType, List<Value> elements) implements Value {
  public TensorSequence {
    elements = List.copyOf(elements);
  }
}
