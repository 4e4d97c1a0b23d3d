package io.compresso.evaluate.bench;

import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.evaluate.PeerOptions;
import io.compresso.evaluate.PreparedRun;
import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** A model of one operator for ONNX Runtime, and what it is run on. */
final class PeerModel {
  static final String MICROSOFT = "com.microsoft";
  static final String OUTPUT = "y";

  private static final int IR_VERSION = 8;
  private static final int OPSET = 17;

  private final String domain;
  private final String opType;
  private final List<String> names = new ArrayList<>();
  private final Map<String, Attribute> attributes = new LinkedHashMap<>();
  private final Map<String, Tensor> inputs = new LinkedHashMap<>();
  private final Map<String, Tensor> constants = new LinkedHashMap<>();

  PeerModel(String domain, String opType) {
    this.domain = domain;
    this.opType = opType;
  }

  static PeerModel of(String opType) {
    return new PeerModel("", opType);
  }

  /** Adds an operand that comes with every run. */
  PeerModel input(Tensor value) {
    inputs.put(next(), value);
    return this;
  }

  /** Adds an operand that the model holds. */
  PeerModel constant(Tensor value) {
    constants.put(next(), value);
    return this;
  }

  PeerModel attribute(String name, Attribute value) {
    attributes.put(name, value);
    return this;
  }

  private String next() {
    String name = "x" + names.size();
    names.add(name);
    return name;
  }

  Map<String, Tensor> inputs() {
    return inputs;
  }

  Model model() {
    Node node =
        new Node("", domain, opType, "", names, List.of(OUTPUT), attributes, Annotations.NONE);
    List<ValueInfo> given = new ArrayList<>();
    inputs.forEach((name, value) ->
        given.add(new ValueInfo(name, ValueType.tensor(value.dtype(), value.shape()))));
    Graph graph =
        new Graph(
            "bench",
            given,
            List.of(new ValueInfo(OUTPUT, ValueType.UNKNOWN)),
            List.of(node),
            constants,
            Map.of(),
            Annotations.NONE);
    return new Model(
        IR_VERSION,
        Map.of("", OPSET, MICROSOFT, 1),
        new Model.Producer("compresso", "", "", 0),
        graph,
        List.of(),
        Annotations.NONE);
  }

  /** The model as it is. */
  static KernelCase.Peer plain(Supplier<PeerModel> maker) {
    return threads -> {
      PeerModel model = maker.get();
      return open(model.opType, OnnxCodec.write(model.model()), model.inputs, threads);
    };
  }

  /**
   * Loads a model. Idle threads spin, as they do by default: whoever times must let them come to
   * rest before somebody else is timed.
   */
  static Contender open(String name, byte[] model, Map<String, Tensor> inputs, int threads) {
    OnnxRuntimePeer peer = OnnxRuntimePeer.open(model, new PeerOptions(threads, threads > 1, true));
    PreparedRun run;
    try {
      run = peer.prepareInPlace(inputs);
    } catch (RuntimeException e) {
      peer.close();
      throw e;
    }
    return new Contender() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public void run() {
        run.run();
      }

      @Override
      public void close() {
        run.close();
        peer.close();
      }
    };
  }
}
