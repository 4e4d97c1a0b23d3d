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

/**
 * A model in ONNX Runtime, on the CPU. The model is loaded from its file. ONNX Runtime is native
 * code that was not made for hostile models: models from outside are loaded in a process that may
 * die.
 */
public final class OnnxRuntimePeer implements Runner {
  /** What {@link #runtime()} gives, before the version. */
  public static final String RUNTIME = "onnxruntime";

  private final OrtEnvironment environment;
  private final OrtSession session;
  private final List<ModelInput> inputs;
  private final List<String> outputs;

  private OnnxRuntimePeer(
      OrtEnvironment environment,
      OrtSession session,
      List<ModelInput> inputs,
      List<String> outputs) {
    this.environment = environment;
    this.session = session;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /**
   * Loads a model.
   *
   * @throws PeerException if ONNX Runtime refuses it
   */
  public static OnnxRuntimePeer open(Path model, PeerOptions options) {
    OrtEnvironment environment = environment();
    try (SessionOptions own = new SessionOptions()) {
      own.setIntraOpNumThreads(options.threads());
      own.setInterOpNumThreads(1);
      own.setExecutionMode(ExecutionMode.SEQUENTIAL);
      own.setOptimizationLevel(options.optimized() ? OptLevel.ALL_OPT : OptLevel.NO_OPT);
      own.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
      String spinning = options.spinning() ? "1" : "0";
      own.addConfigEntry("session.intra_op.allow_spinning", spinning);
      own.addConfigEntry("session.inter_op.allow_spinning", spinning);
      OrtSession session = environment.createSession(model.toString(), own);
      try {
        List<ModelInput> inputs = new ArrayList<>();
        for (NodeInfo info : session.getInputInfo().values()) {
          inputs.add(input(info));
        }
        return new OnnxRuntimePeer(
            environment, session, List.copyOf(inputs), List.copyOf(session.getOutputNames()));
      } catch (OrtException | RuntimeException e) {
        session.close();
        throw e;
      }
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

  private static OrtEnvironment environment() {
    return OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "compresso");
  }

  @Override
  public String runtime() {
    return RUNTIME + " " + environment.getVersion();
  }

  @Override
  public List<ModelInput> inputs() {
    return inputs;
  }

  @Override
  public List<String> outputs() {
    return outputs;
  }

  @Override
  public Map<String, Value> run(Map<String, Tensor> values) {
    Map<String, OnnxTensor> given = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, Tensor> value : values.entrySet()) {
        given.put(
            value.getKey(), PeerTensors.toPeer(environment, value.getKey(), value.getValue()));
      }
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

  @Override
  public PreparedRun prepare(Map<String, Tensor> values) {
    Map<String, OnnxTensor> given = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, Tensor> value : values.entrySet()) {
        given.put(
            value.getKey(), PeerTensors.toPeer(environment, value.getKey(), value.getValue()));
      }
    } catch (OrtException e) {
      OnnxValue.close(given);
      throw new PeerException("ONNX Runtime refuses the inputs: " + e.getMessage(), e);
    }
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

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new PeerException("ONNX Runtime failed to close: " + e.getMessage(), e);
    }
  }
}
