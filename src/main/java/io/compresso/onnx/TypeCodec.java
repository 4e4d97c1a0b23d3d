package io.compresso.onnx;

import com.google.protobuf.Message;
import io.compresso.graph.Dim;
import io.compresso.graph.ValueType;
import io.compresso.onnx.proto.TensorShapeProto;
import io.compresso.onnx.proto.TypeProto;
import io.compresso.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Value types from and to {@code TypeProto}. */
final class TypeCodec {
  private TypeCodec() {}

  static ValueType decode(TypeProto type, Trail where) {
    return switch (type.getValueCase()) {
      case TENSOR_TYPE -> {
        TypeProto.Tensor tensor = type.getTensorType();
        // Older exporters leave the element type of a subgraph's values out.
        yield tensor.getElemType() == 0
            ? ValueType.UNKNOWN
            : new ValueType.TensorType(
                TensorDecoder.dtype(tensor.getElemType(), where.at("tensor_type").at("elem_type")),
                tensor.hasShape()
                    ? dims(tensor.getShape(), where.at("tensor_type").at("shape"))
                    : null);
      }
      case SPARSE_TENSOR_TYPE -> {
        TypeProto.SparseTensor sparse = type.getSparseTensorType();
        yield new ValueType.SparseTensorType(
            TensorDecoder.dtype(
                sparse.getElemType(), where.at("sparse_tensor_type").at("elem_type")),
            sparse.hasShape()
                ? dims(sparse.getShape(), where.at("sparse_tensor_type").at("shape"))
                : null);
      }
      case SEQUENCE_TYPE ->
          new ValueType.SequenceType(
              element(
                  type.getSequenceType().hasElemType(),
                  type.getSequenceType().getElemType(),
                  where.at("sequence_type").at("elem_type")));
      case OPTIONAL_TYPE ->
          new ValueType.OptionalType(
              element(
                  type.getOptionalType().hasElemType(),
                  type.getOptionalType().getElemType(),
                  where.at("optional_type").at("elem_type")));
      case MAP_TYPE ->
          new ValueType.MapType(
              TensorDecoder.dtype(
                  type.getMapType().getKeyType(), where.at("map_type").at("key_type")),
              element(
                  type.getMapType().hasValueType(),
                  type.getMapType().getValueType(),
                  where.at("map_type").at("value_type")));
      case OPAQUE_TYPE, VALUE_NOT_SET -> ValueType.UNKNOWN;
    };
  }

  private static @Nullable ValueType element(boolean present, TypeProto type, Trail where) {
    return present ? decode(type, where) : null;
  }

  private static List<Dim> dims(TensorShapeProto shape, Trail where) {
    List<Dim> dims = new ArrayList<>();
    for (TensorShapeProto.Dimension dim : shape.getDimList()) {
      dims.add(
          switch (dim.getValueCase()) {
            case DIM_VALUE -> {
              // Some exporters write -1 for a dimension that is not known.
              if (dim.getDimValue() < -1) {
                throw new OnnxFormatException(
                    where.at("dim", dims.size()),
                    "dimension " + dim.getDimValue() + " is negative");
              }
              yield dim.getDimValue() < 0 ? Dim.UNKNOWN : Dim.of(dim.getDimValue());
            }
            case DIM_PARAM -> Dim.symbol(dim.getDimParam());
            case VALUE_NOT_SET -> Dim.UNKNOWN;
          });
    }
    return dims;
  }

  /** Whether a type that was decoded of a message says all that the message says. */
  static boolean isWhole(ValueType type, TypeProto proto) {
    return isOrdinary(proto) || encode(type).equals(proto);
  }

  /** Whether a message is of the kind that most are: a tensor of known or named dimensions. */
  private static boolean isOrdinary(TypeProto proto) {
    TypeProto.Tensor tensor = proto.getTensorType();
    TensorShapeProto shape = tensor.getShape();
    if (tensor.getElemType() == 0
        || proto.hasDenotation()
        || hasUnknown(proto)
        || hasUnknown(tensor)
        || hasUnknown(shape)) {
      return false;
    }
    for (TensorShapeProto.Dimension dim : shape.getDimList()) {
      boolean said = dim.hasDimValue() ? dim.getDimValue() >= 0 : !dim.getDimParam().isEmpty();
      if (!said || dim.hasDenotation() || hasUnknown(dim)) {
        return false;
      }
    }
    return true;
  }

  private static boolean hasUnknown(Message message) {
    return ModelDecoder.hasUnknown(message.getUnknownFields());
  }

  static TypeProto encode(ValueType type) {
    TypeProto.Builder builder = TypeProto.newBuilder();
    switch (type) {
      case ValueType.TensorType(DType dtype, List<Dim> dims) -> {
        builder.getTensorTypeBuilder().setElemType(dtype.code());
        if (dims != null) {
          builder.getTensorTypeBuilder().setShape(shape(dims));
        }
      }
      case ValueType.SparseTensorType(DType dtype, List<Dim> dims) -> {
        builder.getSparseTensorTypeBuilder().setElemType(dtype.code());
        if (dims != null) {
          builder.getSparseTensorTypeBuilder().setShape(shape(dims));
        }
      }
      case ValueType.SequenceType(ValueType element) -> {
        builder.getSequenceTypeBuilder();
        if (element != null) {
          builder.getSequenceTypeBuilder().setElemType(encode(element));
        }
      }
      case ValueType.OptionalType(ValueType element) -> {
        builder.getOptionalTypeBuilder();
        if (element != null) {
          builder.getOptionalTypeBuilder().setElemType(encode(element));
        }
      }
      case ValueType.MapType(DType key, ValueType value) -> {
        builder.getMapTypeBuilder().setKeyType(key.code());
        if (value != null) {
          builder.getMapTypeBuilder().setValueType(encode(value));
        }
      }
      case ValueType.UnknownType() -> {}
    }
    return builder.build();
  }

  private static TensorShapeProto shape(List<Dim> dims) {
    TensorShapeProto.Builder builder = TensorShapeProto.newBuilder();
    for (Dim dim : dims) {
      TensorShapeProto.Dimension.Builder added = builder.addDimBuilder();
      if (dim instanceof Dim.Fixed fixed) {
        added.setDimValue(fixed.size());
      } else if (dim instanceof Dim.Symbol symbol) {
        added.setDimParam(symbol.name());
      }
    }
    return builder.build();
  }
}
