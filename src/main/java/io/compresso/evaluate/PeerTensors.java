package io.compresso.evaluate;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxMap;
import ai.onnxruntime.OnnxSequence;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.TensorInfo;
import ai.onnxruntime.TensorInfo.OnnxTensorType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorMap;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.Value;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** Tensors to and from ONNX Runtime. */
final class PeerTensors {
  private static final int ALIGNMENT = 64;

  private PeerTensors() {}

  /** The element type that ONNX Runtime says. */
  static DType dtype(String name, TensorInfo info) {
    DType dtype =
        switch (info.onnxType) {
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT -> DType.FLOAT;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE -> DType.DOUBLE;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16 -> DType.FLOAT16;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16 -> DType.BFLOAT16;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8 -> DType.UINT8;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8 -> DType.INT8;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16 -> DType.INT16;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32 -> DType.INT32;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 -> DType.INT64;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL -> DType.BOOL;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING -> DType.STRING;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16 -> DType.UINT16;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32 -> DType.UINT32;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64 -> DType.UINT64;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E4M3FN -> DType.FLOAT8E4M3FN;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E4M3FNUZ -> DType.FLOAT8E4M3FNUZ;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E5M2 -> DType.FLOAT8E5M2;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E5M2FNUZ -> DType.FLOAT8E5M2FNUZ;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_COMPLEX64 -> DType.COMPLEX64;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_COMPLEX128 -> DType.COMPLEX128;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED -> null;
        };
    if (dtype == null) {
      throw new PeerException("the element type of '" + name + "' is not known");
    }
    return dtype;
  }

  private static OnnxJavaType javaType(String name, DType dtype) {
    return switch (dtype) {
      case FLOAT -> OnnxJavaType.FLOAT;
      case DOUBLE -> OnnxJavaType.DOUBLE;
      case FLOAT16 -> OnnxJavaType.FLOAT16;
      case BFLOAT16 -> OnnxJavaType.BFLOAT16;
      case UINT8 -> OnnxJavaType.UINT8;
      case INT8 -> OnnxJavaType.INT8;
      case INT16 -> OnnxJavaType.INT16;
      case INT32 -> OnnxJavaType.INT32;
      case INT64 -> OnnxJavaType.INT64;
      case BOOL -> OnnxJavaType.BOOL;
      default ->
          throw new PeerException(
              "ONNX Runtime's Java interface takes no tensor of type "
                  + dtype
                  + " ('"
                  + name
                  + "')");
    };
  }

  static OnnxTensor toPeer(OrtEnvironment environment, String name, Tensor tensor)
      throws OrtException {
    long[] dims = tensor.shape().dims();
    if (tensor.dtype() == DType.STRING) {
      String[] strings = new String[(int) tensor.size()];
      for (int i = 0; i < strings.length; i++) {
        strings[i] = new String(tensor.getString(i), StandardCharsets.UTF_8);
      }
      return OnnxTensor.createTensor(environment, strings, dims);
    }
    OnnxJavaType type = javaType(name, tensor.dtype());
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(Math.toIntExact(tensor.byteSize() + 2L * ALIGNMENT))
            .alignedSlice(ALIGNMENT)
            .order(ByteOrder.nativeOrder());
    bytes.limit((int) tensor.byteSize());
    MemorySegment.ofBuffer(bytes).copyFrom(tensor.segment());
    return OnnxTensor.createTensor(environment, bytes, dims, type);
  }

  /** A copy of a value; sequences become {@link TensorSequence}, maps {@link TensorMap}. */
  static Value fromPeer(String name, OnnxValue value) throws OrtException {
    if (value instanceof OnnxTensor tensor) {
      return fromPeer(name, tensor);
    }
    if (value instanceof OnnxSequence sequence) {
      List<Value> elements = new ArrayList<>();
      DType dtype = DType.FLOAT;
      for (OnnxValue element : sequence.getValue()) {
        Value own = fromPeer(name, element);
        dtype =
            switch (own) {
              case Tensor tensor -> tensor.dtype();
              case TensorMap map -> map.values().dtype();
              default -> dtype;
            };
        elements.add(own);
        element.close();
      }
      return new TensorSequence(dtype, elements);
    }
    if (value instanceof OnnxMap map) {
      return fromPeer(map);
    }
    throw new PeerException("output '" + name + "' is of type " + value.getType());
  }

  private static TensorMap fromPeer(OnnxMap map) throws OrtException {
    Map<?, ?> entries = map.getValue();
    return new TensorMap(vector(entries.keySet()), vector(entries.values()));
  }

  /** Numbers or strings as Java has them. */
  private static Tensor vector(Collection<?> values) {
    Object first = values.isEmpty() ? 0L : values.iterator().next();
    Shape shape = Shape.of(values.size());
    if (first instanceof String) {
      return Tensor.ofStrings(
          shape,
          values.stream().map(value -> value.toString().getBytes(StandardCharsets.UTF_8)).toList());
    }
    DType dtype =
        switch (first) {
          case Float _ -> DType.FLOAT;
          case Double _ -> DType.DOUBLE;
          default -> DType.INT64;
        };
    Tensor tensor = Tensor.allocate(dtype, shape);
    int next = 0;
    for (Object value : values) {
      if (dtype == DType.INT64) {
        tensor.setLong(next++, ((Number) value).longValue());
      } else {
        tensor.setDouble(next++, ((Number) value).doubleValue());
      }
    }
    return tensor;
  }

  private static Tensor fromPeer(String name, OnnxTensor tensor) throws OrtException {
    TensorInfo info = tensor.getInfo();
    Shape shape = Shape.of(info.getShape());
    if (info.onnxType == OnnxTensorType.ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING) {
      List<byte[]> strings = new ArrayList<>();
      flatten(tensor.getValue(), strings);
      return Tensor.ofStrings(shape, strings);
    }
    Tensor result = Tensor.allocate(dtype(name, info), shape);
    if (shape.size() > 0) {
      ByteBuffer bytes = tensor.getByteBuffer();
      if (bytes == null) {
        throw new PeerException(
            "ONNX Runtime's Java interface gives no tensor of type "
                + result.dtype()
                + " ('"
                + name
                + "')");
      }
      result.segment().copyFrom(MemorySegment.ofBuffer(bytes));
    }
    return result;
  }

  private static void flatten(Object value, List<byte[]> strings) {
    if (value instanceof Object[] items) {
      for (Object item : items) {
        flatten(item, strings);
      }
    } else {
      strings.add(value.toString().getBytes(StandardCharsets.UTF_8));
    }
  }
}
