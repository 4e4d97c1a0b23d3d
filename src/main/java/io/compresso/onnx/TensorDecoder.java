package io.compresso.onnx;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.compresso.onnx.proto.SparseTensorProto;
import io.compresso.onnx.proto.StringStringEntryProto;
import io.compresso.onnx.proto.TensorProto;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Makes tensors of messages that {@link WireScanner} has scanned. Elements that lie in the file as
 * the tensor wants them are not copied: the tensor is a view of the file, read-only.
 */
final class TensorDecoder {
  private final MemorySegment file;
  private final ExternalData external;
  private final OnnxLimits limits;
  private long dense;

  TensorDecoder(MemorySegment file, ExternalData external, OnnxLimits limits) {
    this.file = file;
    this.external = external;
    this.limits = limits;
  }

  /**
   * The tensor that a message holds.
   *
   * @param where the message's field, for errors
   */
  Tensor decode(TensorProto proto, Trail where) {
    DType dtype = dtype(proto.getDataType(), where.at("data_type"));
    Shape shape = shape(proto.getDimsList(), where.at("dims"));
    if (proto.hasSegment()) {
      throw new OnnxFormatException(where.at("segment"), "tensors in segments are not supported");
    }
    if (dtype == DType.STRING) {
      return strings(proto, shape, where);
    }
    long bytes = byteSize(dtype, shape, where);
    if (proto.getDataLocation() == 1) {
      return Tensor.wrap(dtype, shape, external(proto, bytes, where));
    }
    if (proto.getDataLocation() != 0) {
      throw new OnnxFormatException(
          where.at("data_location"), "is " + proto.getDataLocation() + ", not 0 or 1");
    }
    if (proto.hasRawData() && (typedData(proto, dtype).isEmpty() || bytes == 0)) {
      Span span = Span.of(proto.getRawData());
      if (span.length() != bytes) {
        throw wrongSize(where.at("raw_data"), dtype, shape, bytes, span.length());
      }
      return Tensor.wrap(dtype, shape, slice(span));
    }
    return typed(proto, dtype, shape, where);
  }

  static DType dtype(int code, Trail where) {
    try {
      return DType.ofCode(code);
    } catch (IllegalArgumentException e) {
      throw new OnnxFormatException(where, e.getMessage() + " (known are 1 to 26)", e);
    }
  }

  private static Shape shape(List<Long> dims, Trail where) {
    try {
      long[] sizes = new long[dims.size()];
      for (int axis = 0; axis < sizes.length; axis++) {
        sizes[axis] = dims.get(axis);
      }
      return Shape.of(sizes);
    } catch (IllegalArgumentException e) {
      throw new OnnxFormatException(where, String.valueOf(e.getMessage()), e);
    }
  }

  private static long byteSize(DType dtype, Shape shape, Trail where) {
    try {
      return dtype.bytes(shape.size());
    } catch (ArithmeticException e) {
      throw new OnnxFormatException(where.at("dims"), "" + dtype + shape + " overflows", e);
    }
  }

  private static OnnxFormatException wrongSize(
      Trail where, DType dtype, Shape shape, long expected, long found) {
    return new OnnxFormatException(
        where, "%s%s takes %d bytes, not %d".formatted(dtype, shape, expected, found));
  }

  private MemorySegment slice(Span span) {
    return file.asSlice(span.offset(), span.length());
  }

  private static Tensor strings(TensorProto proto, Shape shape, Trail where) {
    if (proto.hasRawData() || proto.getDataLocation() != 0) {
      throw new OnnxFormatException(where, "strings must be in string_data");
    }
    if (shape.size() != proto.getStringDataCount()) {
      throw new OnnxFormatException(
          where.at("string_data"),
          proto.getStringDataCount() + " strings for " + shape.size() + " elements");
    }
    List<byte[]> values = new ArrayList<>(proto.getStringDataCount());
    proto.getStringDataList().forEach(value -> values.add(value.toByteArray()));
    return Tensor.ofStrings(shape, values);
  }

  private MemorySegment external(TensorProto proto, long bytes, Trail where) {
    Map<String, String> entries = new LinkedHashMap<>();
    for (StringStringEntryProto entry : proto.getExternalDataList()) {
      entries.put(entry.getKey(), entry.getValue());
    }
    Trail field = where.at("external_data");
    String location = entries.getOrDefault("location", "");
    checkLocation(location, field);
    long offset = number(entries.getOrDefault("offset", "0"), field.at("offset"));
    long length =
        entries.containsKey("length") ? number(entries.get("length"), field.at("length")) : bytes;
    if (length != bytes) {
      throw new OnnxFormatException(
          field.at("length"), "is " + length + ", but the tensor takes " + bytes + " bytes");
    }
    MemorySegment data;
    try {
      data = external.open(location);
    } catch (IOException e) {
      throw new OnnxFormatException(field, "file '" + location + "' " + e.getMessage(), e);
    }
    if (data == null) {
      throw new OnnxFormatException(
          field, "file '" + location + "' is not there; send it with the model, in one archive");
    }
    if (offset > data.byteSize() || length > data.byteSize() - offset) {
      throw new OnnxFormatException(
          field,
          "bytes %d to %d of file '%s', which has %d"
              .formatted(offset, offset + length, location, data.byteSize()));
    }
    return data.asSlice(offset, length);
  }

  private static void checkLocation(String location, Trail field) {
    boolean relative =
        !location.isEmpty()
            && !location.startsWith("/")
            && location.indexOf('\\') < 0
            && location.indexOf('\0') < 0
            && !location.matches("[A-Za-z]:.*");
    for (String part : location.split("/", -1)) {
      relative &= !part.equals("..");
    }
    if (!relative) {
      throw new OnnxFormatException(
          field.at("location"), "'" + location + "' is not a relative path inside the folder");
    }
  }

  private static long number(String text, Trail field) {
    try {
      long value = Long.parseLong(text.strip());
      if (value >= 0) {
        return value;
      }
    } catch (NumberFormatException _) {
      // Reported below.
    }
    throw new OnnxFormatException(field, "'" + text + "' is not a size");
  }

  /** The chunks of the list that holds elements of this type. */
  private static List<ByteString> typedData(TensorProto proto, DType dtype) {
    return switch (dtype) {
      case FLOAT, COMPLEX64 -> proto.getFloatDataList();
      case DOUBLE, COMPLEX128 -> proto.getDoubleDataList();
      case INT64 -> proto.getInt64DataList();
      case UINT32, UINT64 -> proto.getUint64DataList();
      default -> proto.getInt32DataList();
    };
  }

  private static int typedField(DType dtype) {
    return switch (dtype) {
      case FLOAT, COMPLEX64 -> TensorProto.FLOAT_DATA_FIELD_NUMBER;
      case DOUBLE, COMPLEX128 -> TensorProto.DOUBLE_DATA_FIELD_NUMBER;
      case INT64 -> TensorProto.INT64_DATA_FIELD_NUMBER;
      case UINT32, UINT64 -> TensorProto.UINT64_DATA_FIELD_NUMBER;
      default -> TensorProto.INT32_DATA_FIELD_NUMBER;
    };
  }

  private Tensor typed(TensorProto proto, DType dtype, Shape shape, Trail where) {
    Trail field =
        where.at(Objects.requireNonNull(WireMessage.TENSOR.field(typedField(dtype))).name());
    List<MemorySegment> chunks = new ArrayList<>();
    typedData(proto, dtype).forEach(chunk -> chunks.add(slice(Span.of(chunk))));
    UnknownFieldSet.Field loose = proto.getUnknownFields().getField(typedField(dtype));
    if (typedField(dtype) == TensorProto.FLOAT_DATA_FIELD_NUMBER) {
      loose.getFixed32List().forEach(bits -> chunks.add(MemorySegment.ofArray(new int[] {bits})));
      return fixed(chunks, dtype, shape, field);
    }
    if (typedField(dtype) == TensorProto.DOUBLE_DATA_FIELD_NUMBER) {
      loose.getFixed64List().forEach(bits -> chunks.add(MemorySegment.ofArray(new long[] {bits})));
      return fixed(chunks, dtype, shape, field);
    }
    // Elements of less than a byte are packed in bytes, one byte a number.
    boolean packed = dtype.bits() < 8;
    long expected = packed ? dtype.bytes(shape.size()) : shape.size();
    long count = loose.getVarintList().size();
    for (MemorySegment chunk : chunks) {
      count += countVarints(chunk);
    }
    if (count != expected) {
      throw new OnnxFormatException(
          field, "%s%s needs %d numbers, not %d".formatted(dtype, shape, expected, count));
    }
    spend(dtype.bytes(shape.size()), field);
    Tensor tensor = Tensor.allocate(dtype, shape);
    Tensor target =
        dtype.isInteger() && !packed || dtype == DType.BOOL
            ? tensor
            : Tensor.wrap(
                dtype.bits() == 16 ? DType.INT16 : DType.INT8,
                Shape.of(expected),
                tensor.segment());
    long index = 0;
    for (MemorySegment chunk : chunks) {
      index = putVarints(chunk, target, index, field);
    }
    for (long value : loose.getVarintList()) {
      target.setLong(index++, value);
    }
    return tensor;
  }

  private Tensor fixed(List<MemorySegment> chunks, DType dtype, Shape shape, Trail field) {
    long found = chunks.stream().mapToLong(MemorySegment::byteSize).sum();
    long bytes = dtype.bytes(shape.size());
    if (found != bytes) {
      throw wrongSize(field, dtype, shape, bytes, found);
    }
    if (chunks.size() == 1) {
      return Tensor.wrap(dtype, shape, chunks.getFirst());
    }
    spend(bytes, field);
    Tensor tensor = Tensor.allocate(dtype, shape);
    long at = 0;
    for (MemorySegment chunk : chunks) {
      MemorySegment.copy(chunk, 0, tensor.segment(), at, chunk.byteSize());
      at += chunk.byteSize();
    }
    return tensor;
  }

  private static long countVarints(MemorySegment chunk) {
    long count = 0;
    for (long i = 0; i < chunk.byteSize(); i++) {
      count += chunk.get(ValueLayout.JAVA_BYTE, i) >= 0 ? 1 : 0;
    }
    return count;
  }

  private static long putVarints(MemorySegment chunk, Tensor target, long from, Trail field) {
    long index = from;
    long value = 0;
    int shift = 0;
    for (long i = 0; i < chunk.byteSize(); i++) {
      byte b = chunk.get(ValueLayout.JAVA_BYTE, i);
      value |= (long) (b & 0x7F) << shift;
      shift += 7;
      if (b >= 0) {
        target.setLong(index++, value);
        value = 0;
        shift = 0;
      } else if (shift >= 70) {
        throw new OnnxFormatException(field, "number takes more than 10 bytes");
      }
    }
    if (shift != 0) {
      throw new OnnxFormatException(field, "ends inside a number");
    }
    return index;
  }

  private void spend(long bytes, Trail where) {
    dense = Math.addExact(dense, bytes);
    if (dense < 0 || dense > limits.denseBytes()) {
      throw new OnnxFormatException(
          where, "tensors to unpack take more than " + limits.denseBytes() + " bytes");
    }
  }

  /**
   * A sparse tensor, made dense. Its indices are checked: ascending, inside the shape.
   *
   * @param where the message's field, for errors
   */
  Tensor decodeSparse(SparseTensorProto proto, Trail where) {
    Tensor values = decode(proto.getValues(), where.at("values"));
    Tensor indices = decode(proto.getIndices(), where.at("indices"));
    Shape shape = shape(proto.getDimsList(), where.at("dims"));
    long count = values.size();
    boolean linear = indices.shape().rank() == 1 && indices.shape().dim(0) == count;
    boolean tuples =
        indices.shape().equals(Shape.of(count, shape.rank())) && values.shape().rank() == 1;
    if (indices.dtype() != DType.INT64 || values.dtype() == DType.STRING || !(linear || tuples)) {
      throw new OnnxFormatException(
          where, "values " + values + " and indices " + indices + " do not go together");
    }
    if (values.dtype().bits() < 8 || values.dtype().bits() > 64) {
      throw new OnnxFormatException(where, "sparse " + values.dtype() + " is not supported");
    }
    spend(byteSize(values.dtype(), shape, where), where.at("dims"));
    Tensor result = Tensor.allocate(values.dtype(), shape);
    long bytes = values.dtype().bits() / 8;
    long[] strides = shape.strides();
    long last = -1;
    for (long i = 0; i < count; i++) {
      long index = linear ? indices.getLong(i) : 0;
      for (int axis = 0; !linear && axis < shape.rank(); axis++) {
        long step = indices.getLong(i * shape.rank() + axis);
        if (step < 0 || step >= shape.dim(axis)) {
          throw new OnnxFormatException(
              where.at("indices"), "index " + step + " is outside dimension " + axis);
        }
        index += step * strides[axis];
      }
      if (index <= last || index >= shape.size()) {
        throw new OnnxFormatException(
            where.at("indices"), "index " + index + " is not ascending or outside " + shape);
      }
      MemorySegment.copy(values.segment(), i * bytes, result.segment(), index * bytes, bytes);
      last = index;
    }
    return result;
  }

  /** The message with its elements, wherever they lie, as raw data. */
  TensorProto restore(TensorProto proto, Trail where) {
    if (proto.getDataType() == DType.STRING.code() || proto.getStringDataCount() > 0) {
      return proto;
    }
    Tensor tensor = decode(proto, where);
    spend(tensor.byteSize(), where);
    TensorProto.Builder builder =
        proto.toBuilder()
            .clearFloatData()
            .clearInt32Data()
            .clearInt64Data()
            .clearDoubleData()
            .clearUint64Data()
            .clearExternalData()
            .clearDataLocation()
            .setUnknownFields(UnknownFieldSet.getDefaultInstance());
    return builder
        .setRawData(ByteString.copyFrom(tensor.segment().toArray(ValueLayout.JAVA_BYTE)))
        .build();
  }
}
