package io.compresso.graph;

import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A node's attribute, of one of the types of ONNX's {@code AttributeProto}. */
public sealed interface Attribute {
  record IntValue(long value) implements Attribute {}

  record FloatValue(float value) implements Attribute {}

  /** Bytes; most often UTF-8 text. */
  record StringValue(byte[] value) implements Attribute {
    public String text() {
      return new String(value, StandardCharsets.UTF_8);
    }
  }

  record TensorValue(Tensor value) implements Attribute {}

  record GraphValue(Graph value) implements Attribute {}

  record TypeValue(ValueType value) implements Attribute {}

  record Ints(List<Long> values) implements Attribute {}

  record Floats(List<Float> values) implements Attribute {}

  record Strings(List<byte[]> values) implements Attribute {}

  record Tensors(List<Tensor> values) implements Attribute {}

  record Graphs(List<Graph> values) implements Attribute {}

  record Types(List<ValueType> values) implements Attribute {}

  /** In a function's body: the value of the named attribute of the call. */
  record Reference(String name, int type) implements Attribute {}

  /** An attribute kept as its wire bytes: sparse tensors, and types that are not known. */
  record Opaque(byte[] wire) implements Attribute {}

  static Attribute of(long value) {
    return new IntValue(value);
  }

  static Attribute of(float value) {
    return new FloatValue(value);
  }

  static Attribute of(String value) {
    return new StringValue(value.getBytes(StandardCharsets.UTF_8));
  }

  static Attribute of(Tensor value) {
    return new TensorValue(value);
  }

  static Attribute of(Graph value) {
    return new GraphValue(value);
  }

  static Attribute ints(long... values) {
    return new Ints(java.util.Arrays.stream(values).boxed().toList());
  }
}
