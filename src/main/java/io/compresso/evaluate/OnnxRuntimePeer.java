package io.compresso.evaluate;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxSequence;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.Value;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** A model in ONNX Runtime, the runtime in which users deploy. Safe for one thread at a time. */
public final class OnnxRuntimePeer implements AutoCloseable {
  private static final String TYPE_PREFIX = "ONNX_TENSOR_ELEMENT_DATA_TYPE_";

  /**
   * ONNX Runtime matches the process's command line with a recursive regular expression when it
   * starts: a class path of 20 kB overflows a thread's usual stack.
   */
  private static final long START_STACK_BYTES = 256L << 20;

  private final OrtSession session;

  private OnnxRuntimePeer(OrtSession session) {
    this.session = session;
  }

  /**
   * Loads a model, weights beside it included.
   *
   * @param threads how many threads one run may use; they do not spin between runs
   * @throws PeerException if ONNX Runtime refuses the model
   */
  public static OnnxRuntimePeer load(Path model, int threads) {
    return load(threads, options -> environment().createSession(model.toString(), options));
  }

  /** Loads a model from the bytes of its file. */
  public static OnnxRuntimePeer load(byte[] model, int threads) {
    return load(threads, options -> environment().createSession(model, options));
  }

  private interface Loader {
    OrtSession load(OrtSession.SessionOptions options) throws OrtException;
  }

  private static OnnxRuntimePeer load(int threads, Loader loader) {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
      return new OnnxRuntimePeer(loader.load(options));
    } catch (OrtException e) {
      throw new PeerException(e);
    }
  }

  /** ONNX Runtime's environment, one for the process; it reports nothing to its makers. */
  public static OrtEnvironment environment() {
    return Environment.SHARED;
  }

  private static final class Environment {
    static final OrtEnvironment SHARED = createEnvironment();
  }

  private static OrtEnvironment createEnvironment() {
    CompletableFuture<OrtEnvironment> created = new CompletableFuture<>();
    Runnable task =
        () -> {
          try {
            OrtEnvironment environment = OrtEnvironment.getEnvironment();
            environment.setTelemetry(false);
            created.complete(environment);
          } catch (Throwable thrown) {
            created.completeExceptionally(thrown);
          }
        };
    new Thread(null, task, "onnxruntime-start", START_STACK_BYTES).start();
    return created.join();
  }

  /** The runtime's version. */
  public static String version() {
    return environment().getVersion();
  }

  /** ONNX Runtime refused a model or a run. */
  public static final class PeerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    PeerException(OrtException cause) {
      super(cause.getMessage(), cause);
    }

    PeerException(String message) {
      super(message);
    }
  }

  public Set<String> inputs() {
    return session.getInputNames();
  }

  public Set<String> outputs() {
    return session.getOutputNames();
  }

  /**
   * One run.
   *
   * @return the outputs by name, copied
   * @throws PeerException if the run fails, or a type is one that ONNX Runtime's Java side lacks
   */
  public Map<String, Value> run(Map<String, ? extends Value> inputs) {
    Map<String, OnnxTensor> feeds = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, ? extends Value> input : inputs.entrySet()) {
        if (!(input.getValue() instanceof Tensor tensor)) {
          throw new PeerException("input '" + input.getKey() + "' is not a tensor");
        }
        feeds.put(input.getKey(), feed(tensor));
      }
      Map<String, Value> outputs = new LinkedHashMap<>();
      try (OrtSession.Result result = session.run(feeds)) {
        for (Map.Entry<String, OnnxValue> output : result) {
          outputs.put(output.getKey(), value(output.getValue()));
        }
      }
      return outputs;
    } catch (OrtException e) {
      throw new PeerException(e);
    } finally {
      feeds.values().forEach(OnnxTensor::close);
    }
  }

  private static OnnxTensor feed(Tensor tensor) throws OrtException {
    long[] dims = tensor.shape().dims();
    if (tensor.dtype() == DType.STRING) {
      String[] strings = new String[Math.toIntExact(tensor.size())];
      for (int i = 0; i < strings.length; i++) {
        strings[i] = new String(tensor.getString(i), StandardCharsets.UTF_8);
      }
      return OnnxTensor.createTensor(environment(), strings, dims);
    }
    OnnxJavaType type =
        switch (tensor.dtype()) {
          case FLOAT -> OnnxJavaType.FLOAT;
          case DOUBLE -> OnnxJavaType.DOUBLE;
          case FLOAT16 -> OnnxJavaType.FLOAT16;
          case BFLOAT16 -> OnnxJavaType.BFLOAT16;
          case INT8 -> OnnxJavaType.INT8;
          case UINT8 -> OnnxJavaType.UINT8;
          case INT16 -> OnnxJavaType.INT16;
          case INT32 -> OnnxJavaType.INT32;
          case INT64 -> OnnxJavaType.INT64;
          case BOOL -> OnnxJavaType.BOOL;
          default -> throw new PeerException("ONNX Runtime for Java takes no " + tensor.dtype());
        };
    MemorySegment memory = tensor.segment();
    if (!memory.isNative()) {
      memory = Arena.ofAuto().allocate(memory.byteSize(), Tensor.ALIGNMENT).copyFrom(memory);
    }
    ByteBuffer bytes = memory.asByteBuffer().order(ByteOrder.nativeOrder());
    return OnnxTensor.createTensor(environment(), bytes, dims, type);
  }

  private static Value value(OnnxValue value) throws OrtException {
    return switch (value) {
      case OnnxTensor tensor -> tensor(tensor);
      case OnnxSequence sequence -> {
        List<Value> elements = new ArrayList<>();
        DType type = DType.FLOAT;
        for (OnnxValue element : sequence.getValue()) {
          elements.add(value(element));
          type = elements.getFirst() instanceof Tensor first ? first.dtype() : type;
        }
        yield new TensorSequence(type, elements);
      }
      default -> throw new PeerException("output of kind " + value.getType());
    };
  }

  private static Tensor tensor(OnnxTensor value) throws OrtException {
    TensorInfo info = value.getInfo();
    DType dtype = DType.valueOf(info.onnxType.name().substring(TYPE_PREFIX.length()));
    Shape shape = Shape.of(info.getShape());
    if (dtype == DType.STRING) {
      List<byte[]> strings = new ArrayList<>();
      if (shape.rank() == 0) {
        strings.add(((String) value.getValue()).getBytes(StandardCharsets.UTF_8));
      } else {
        flatten(value.getValue(), strings);
      }
      return Tensor.ofStrings(shape, strings);
    }
    Tensor tensor = Tensor.allocate(dtype, shape);
    if (shape.size() > 0) {
      tensor.segment().copyFrom(MemorySegment.ofBuffer(value.getByteBuffer()));
    }
    return tensor;
  }

  private static void flatten(Object values, List<byte[]> strings) {
    if (values instanceof String string) {
      strings.add(string.getBytes(StandardCharsets.UTF_8));
    } else {
      for (Object element : (Object[]) values) {
        flatten(element, strings);
      }
    }
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new PeerException(e);
    }
  }
}
