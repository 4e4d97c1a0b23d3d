package io.compresso.testing;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtUtil;
import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.graph.Dim;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Runs models in ONNX Runtime, one thread, for comparisons. Its release 1.29 crashes in a process
 * whose command line is longer than 4 KB: hand a long class path over in {@code CLASSPATH}.
 */
public final class OrtRunner implements AutoCloseable {
  private static final OrtEnvironment ENVIRONMENT = OnnxRuntimePeer.environment();

  private final OrtSession session;

  private OrtRunner(OrtSession session) {
    this.session = session;
  }

  public static OrtRunner of(byte[] model) throws OrtException {
    return of(model, OrtSession.SessionOptions.OptLevel.BASIC_OPT);
  }

  public static OrtRunner of(byte[] model, OrtSession.SessionOptions.OptLevel level)
      throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setOptimizationLevel(level);
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
      return new OrtRunner(ENVIRONMENT.createSession(model, options));
    }
  }

  /** The outputs that are tensors, by name. */
  public Map<String, Tensor> run(Map<String, Tensor> inputs) throws OrtException {
    Map<String, OnnxTensor> feeds = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
        if (session.getInputNames().contains(input.getKey())) {
          feeds.put(input.getKey(), toOrt(input.getValue()));
        }
      }
      Map<String, Tensor> outputs = new LinkedHashMap<>();
      try (OrtSession.Result result = session.run(feeds)) {
        for (Map.Entry<String, OnnxValue> output : result) {
          if (output.getValue() instanceof OnnxTensor tensor) {
            outputs.put(output.getKey(), fromOrt(tensor));
          }
        }
      }
      return outputs;
    } finally {
      feeds.values().forEach(OnnxTensor::close);
    }
  }

  public static OnnxTensor toOrt(Tensor tensor) throws OrtException {
    if (tensor.dtype() == DType.STRING) {
      String[] strings = new String[(int) tensor.size()];
      for (int i = 0; i < strings.length; i++) {
        strings[i] = new String(tensor.getString(i), StandardCharsets.UTF_8);
      }
      return OnnxTensor.createTensor(ENVIRONMENT, strings, tensor.shape().dims());
    }
    ByteBuffer buffer =
        ByteBuffer.allocateDirect((int) tensor.byteSize()).order(ByteOrder.nativeOrder());
    MemorySegment.ofBuffer(buffer).copyFrom(tensor.segment());
    OnnxJavaType type =
        switch (tensor.dtype()) {
          case FLOAT -> OnnxJavaType.FLOAT;
          case DOUBLE -> OnnxJavaType.DOUBLE;
          case INT8 -> OnnxJavaType.INT8;
          case UINT8 -> OnnxJavaType.UINT8;
          case INT16 -> OnnxJavaType.INT16;
          case INT32 -> OnnxJavaType.INT32;
          case INT64 -> OnnxJavaType.INT64;
          case BOOL -> OnnxJavaType.BOOL;
          case FLOAT16 -> OnnxJavaType.FLOAT16;
          case BFLOAT16 -> OnnxJavaType.BFLOAT16;
          default -> throw new IllegalArgumentException(tensor + " has no Java type in the peer");
        };
    return OnnxTensor.createTensor(ENVIRONMENT, buffer, tensor.shape().dims(), type);
  }

  public static Tensor fromOrt(OnnxTensor tensor) throws OrtException {
    Shape shape = Shape.of(tensor.getInfo().getShape());
    DType dtype = DType.ofCode(code(tensor.getInfo().onnxType));
    if (dtype == DType.STRING) {
      List<byte[]> strings = new ArrayList<>();
      Object value = tensor.getValue();
      for (Object item :
          value instanceof String one
              ? new String[] {one}
              : OrtUtil.flattenString((Object[]) value)) {
        strings.add(String.valueOf(item).getBytes(StandardCharsets.UTF_8));
      }
      return Tensor.ofStrings(shape, strings);
    }
    ByteBuffer bytes = tensor.getByteBuffer();
    Tensor copy = Tensor.allocate(Arena.ofAuto(), dtype, shape);
    copy.segment().copyFrom(MemorySegment.ofBuffer(bytes));
    return copy;
  }

  private static int code(ai.onnxruntime.TensorInfo.OnnxTensorType type) {
    return switch (type) {
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT -> 1;
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8 -> 2;
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8 -> 3;
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16 -> 4;
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16 -> 5;
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32 -> 6;
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 -> 7;
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING -> 8;
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL -> 9;
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16 -> 10;
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE -> 11;
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32 -> 12;
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64 -> 13;
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16 -> 16;
      default -> throw new IllegalArgumentException(type + " is not a type that tests compare");
    };
  }

  /**
   * An input of a real model: a batch of 1, 512 samples where a row's length is free, a sample rate
   * of 16 kHz, elements seeded random.
   */
  public static Tensor random(String name, ValueType type, long seed) {
    if (!(type instanceof ValueType.TensorType(DType dtype, List<Dim> dims)) || dims == null) {
      throw new IllegalArgumentException("input '" + name + "' has no rank");
    }
    long[] sizes = new long[dims.size()];
    for (int axis = 0; axis < sizes.length; axis++) {
      Long size = dims.get(axis).sizeOrNull();
      sizes[axis] = size != null ? size : axis == 1 && sizes.length == 2 ? 512 : 1;
    }
    Shape shape = Shape.of(sizes);
    Tensor tensor = Tensor.allocate(dtype, shape);
    SplittableRandom random = new SplittableRandom(seed + name.hashCode());
    for (long i = 0; i < tensor.size(); i++) {
      if (dtype.isFloat()) {
        tensor.setDouble(i, random.nextDouble() * 2 - 1);
      } else {
        tensor.setLong(i, name.equals("sr") ? 16000 : random.nextInt(2));
      }
    }
    return tensor;
  }

  @Override
  public void close() throws OrtException {
    session.close();
  }
}
