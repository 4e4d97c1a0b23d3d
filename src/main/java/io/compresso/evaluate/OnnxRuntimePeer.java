package io.compresso.evaluate;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.OrtSession.SessionOptions.ExecutionMode;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import ai.onnxruntime.TensorInfo;
import io.compresso.data.Binding.ModelInput;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A model in ONNX Runtime, on the CPU. The model is loaded from its file. ONNX Runtime is native
 * code that was not made for hostile models: models from outside are loaded in a process that may
 * die.
 */
public final class OnnxRuntimePeer implements Runner {
  /** What {@link #runtime()} gives, before the version. */
  public static final String RUNTIME = "onnxruntime";

  /** The environment variable that keeps ONNX Runtime from reporting to its maker. */
  public static final String DISABLE_TELEMETRY = "ORT_DISABLE_TELEMETRY";

  /**
   * ONNX Runtime matches the process's command line with a recursive regular expression when it
   * starts: a class path of 20 kB overflows a thread's usual stack.
   */
  private static final long START_STACK_BYTES = 256L << 20;

  private static @Nullable OrtEnvironment shared;

  private final OrtEnvironment environment;
  private final OrtSession session;

  private OnnxRuntimePeer(OrtEnvironment environment, OrtSession session) {
    this.environment = environment;
    this.session = session;
  }

  /**
   * Loads a model.
   *
   * @throws PeerException if ONNX Runtime refuses it
   */
  public static OnnxRuntimePeer open(Path model, PeerOptions options) {
    return open(own -> environment().createSession(model.toString(), own), options);
  }

  /** Loads a model from the bytes of its file. */
  public static OnnxRuntimePeer open(byte[] model, PeerOptions options) {
    return open(own -> environment().createSession(model, own), options);
  }

  /** Makes a session with options. */
  private interface Loader {
    OrtSession load(SessionOptions options) throws OrtException;
  }

  private static OnnxRuntimePeer open(Loader loader, PeerOptions options) {
    try (SessionOptions own = new SessionOptions()) {
      own.setIntraOpNumThreads(options.threads());
      own.setInterOpNumThreads(1);
      own.setExecutionMode(ExecutionMode.SEQUENTIAL);
      own.setOptimizationLevel(options.optimized() ? OptLevel.ALL_OPT : OptLevel.NO_OPT);
      own.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
      String spinning = options.spinning() ? "1" : "0";
      own.addConfigEntry("session.intra_op.allow_spinning", spinning);
      own.addConfigEntry("session.inter_op.allow_spinning", spinning);
      return new OnnxRuntimePeer(environment(), loader.load(own));
    } catch (OrtException e) {
      throw new PeerException("ONNX Runtime refuses the model: " + e.getMessage(), e);
    }
  }

  private static ModelInput input(NodeInfo info) {
    if (!(info.getInfo() instanceof TensorInfo tensor)) {
      throw new PeerException("input '" + info.getName() + "' is not a tensor");
    }
    return new ModelInput(
        info.getName(),
        PeerTensors.dtype(info.getName(), tensor),
        Arrays.stream(tensor.getShape()).map(dim -> dim < 0 ? -1 : dim).boxed().toList());
  }

  /** The version of the ONNX Runtime that is used. */
  public static String version() {
    return environment().getVersion();
  }

  /**
   * ONNX Runtime's environment, one for the process. Its builds for Linux and macOS report their
   * start to their maker unless {@value #DISABLE_TELEMETRY} is set; what comes after is switched
   * off here.
   */
  public static synchronized OrtEnvironment environment() {
    if (shared == null) {
      CompletableFuture<OrtEnvironment> created = new CompletableFuture<>();
      Runnable start =
          () -> {
            try {
              OrtEnvironment environment =
                  OrtEnvironment.getEnvironment(
                      OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, "compresso");
              environment.setTelemetry(false);
              created.complete(environment);
            } catch (OrtException | RuntimeException | Error e) {
              created.completeExceptionally(e);
            }
          };
      new Thread(null, start, "onnxruntime-start", START_STACK_BYTES).start();
      shared = created.join();
    }
    return shared;
  }

  @Override
  public String runtime() {
    return RUNTIME + " " + environment.getVersion();
  }

  @Override
  public List<ModelInput> inputs() {
    List<ModelInput> inputs = new ArrayList<>();
    try {
      for (NodeInfo info : session.getInputInfo().values()) {
        inputs.add(input(info));
      }
    } catch (OrtException e) {
      throw new PeerException("ONNX Runtime does not tell the inputs: " + e.getMessage(), e);
    }
    return List.copyOf(inputs);
  }

  @Override
  public List<String> outputs() {
    return List.copyOf(session.getOutputNames());
  }

  @Override
  public Map<String, Value> run(Map<String, ? extends Value> values) {
    Map<String, OnnxTensor> given = feeds(values);
    try {
      Map<String, Value> results = new LinkedHashMap<>();
      try (OrtSession.Result result = session.run(given)) {
        for (Map.Entry<String, OnnxValue> output : result) {
          results.put(output.getKey(), PeerTensors.fromPeer(output.getKey(), output.getValue()));
        }
      }
      return results;
    } catch (OrtException e) {
      throw new PeerException("ONNX Runtime failed: " + e.getMessage(), e);
    } finally {
      OnnxValue.close(given);
    }
  }

  private Map<String, OnnxTensor> feeds(Map<String, ? extends Value> values) {
    Map<String, OnnxTensor> given = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, ? extends Value> value : values.entrySet()) {
        if (!(value.getValue() instanceof Tensor tensor)) {
          throw new PeerException("input '" + value.getKey() + "' is not a tensor");
        }
        given.put(value.getKey(), PeerTensors.toPeer(environment, value.getKey(), tensor));
      }
      return given;
    } catch (OrtException e) {
      OnnxValue.close(given);
      throw new PeerException("ONNX Runtime refuses the inputs: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      OnnxValue.close(given);
      throw e;
    }
  }

  @Override
  public PreparedRun prepare(Map<String, ? extends Value> values) {
    Map<String, OnnxTensor> given = feeds(values);
    return new PreparedRun() {
      @Override
      public void run() {
        try {
          session.run(given).close();
        } catch (OrtException e) {
          throw new PeerException("ONNX Runtime failed: " + e.getMessage(), e);
        }
      }

      @Override
      public void close() {
        OnnxValue.close(given);
      }
    };
  }

  /**
   * {@inheritDoc}
   *
   * @throws PeerException if an output is not a tensor
   */
  @Override
  public PreparedRun prepareInPlace(Map<String, ? extends Value> values) {
    Map<String, OnnxTensor> given = feeds(values);
    Map<String, OnnxTensor> outputs = new LinkedHashMap<>();
    try (OrtSession.Result result = session.run(given)) {
      for (Map.Entry<String, OnnxValue> output : result) {
        if (!(PeerTensors.fromPeer(output.getKey(), output.getValue()) instanceof Tensor tensor)) {
          throw new PeerException("output '" + output.getKey() + "' is not a tensor");
        }
        outputs.put(output.getKey(), PeerTensors.toPeer(environment, output.getKey(), tensor));
      }
    } catch (OrtException e) {
      OnnxValue.close(given);
      OnnxValue.close(outputs);
      throw new PeerException("ONNX Runtime failed: " + e.getMessage(), e);
    }
    return new PreparedRun() {
      @Override
      public void run() {
        try {
          session.run(given, outputs).close();
        } catch (OrtException e) {
          throw new PeerException("ONNX Runtime failed: " + e.getMessage(), e);
        }
      }

      @Override
      public void close() {
        OnnxValue.close(given);
        OnnxValue.close(outputs);
      }
    };
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new PeerException("ONNX Runtime failed to close: " + e.getMessage(), e);
    }
  }
}
