package io.compresso.onnx;

import io.compresso.onnx.proto.OptionalProto;
import io.compresso.onnx.proto.SequenceProto;
import io.compresso.tensor.DType;
import io.compresso.tensor.OptionalValue;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.List;

/** Makes sequences and optionals of their messages. */
final class SequenceDecoder {
  private static final int TENSOR = 1;
  private static final int SEQUENCE = 3;
  private static final int OPTIONAL = 5;

  private final TensorDecoder tensors;

  SequenceDecoder(TensorDecoder tensors) {
    this.tensors = tensors;
  }

  TensorSequence sequence(SequenceProto proto, Trail where) {
    List<Value> values = new ArrayList<>();
    for (int i = 0; i < proto.getTensorValuesCount(); i++) {
      values.add(tensors.decode(proto.getTensorValues(i), where.at("tensor_values", i)));
    }
    for (int i = 0; i < proto.getSequenceValuesCount(); i++) {
      values.add(sequence(proto.getSequenceValues(i), where.at("sequence_values", i)));
    }
    for (int i = 0; i < proto.getOptionalValuesCount(); i++) {
      values.add(optional(proto.getOptionalValues(i), where.at("optional_values", i)));
    }
    DType element =
        !values.isEmpty() && values.getFirst() instanceof Tensor first
            ? first.dtype()
            : DType.FLOAT;
    return new TensorSequence(element, values);
  }

  OptionalValue optional(OptionalProto proto, Trail where) {
    return new OptionalValue(
        switch (proto.getElemType()) {
          case 0 -> null;
          case TENSOR ->
              proto.hasTensorValue()
                  ? tensors.decode(proto.getTensorValue(), where.at("tensor_value"))
                  : null;
          case SEQUENCE ->
              proto.hasSequenceValue()
                  ? sequence(proto.getSequenceValue(), where.at("sequence_value"))
                  : null;
          case OPTIONAL ->
              proto.hasOptionalValue()
                  ? optional(proto.getOptionalValue(), where.at("optional_value"))
                  : null;
          default ->
              throw new OnnxFormatException(
                  where.at("elem_type"), proto.getElemType() + " is not supported");
        });
  }
}
