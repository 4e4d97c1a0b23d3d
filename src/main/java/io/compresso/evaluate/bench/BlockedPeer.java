package io.compresso.evaluate.bench;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.evaluate.PeerException;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A model as ONNX Runtime itself optimizes it, without the changes of layout at its ends: the
 * operator in the runtime's own blocked layout, as it runs in the middle of a network.
 */
final class BlockedPeer {
  /** Channels that lie together in the blocked layout are a multiple of this. */
  private static final int BLOCK = 16;

  private BlockedPeer() {}

  static KernelCase.Peer of(Supplier<PeerModel> maker) {
    return threads -> open(maker.get(), threads);
  }

  private static Contender open(PeerModel plain, int threads) {
    Model optimized = optimized(plain.model());
    Map<String, Tensor> inputs = new HashMap<>(plain.inputs());
    Model stripped = strip(optimized, inputs);
    return PeerModel.open("blocked", OnnxCodec.write(stripped), inputs, threads);
  }

  private static Model optimized(Model model) {
    try {
      Path file = Files.createTempFile("compresso-bench", ".onnx");
      try (SessionOptions options = new SessionOptions()) {
        options.setOptimizationLevel(OptLevel.ALL_OPT);
        options.setOptimizedModelFilePath(file.toString());
        OnnxRuntimePeer.environment().createSession(OnnxCodec.write(model), options).close();
        return OnnxCodec.read(Files.readAllBytes(file));
      } catch (OrtException e) {
        throw new PeerException("ONNX Runtime does not optimize the model: " + e.getMessage(), e);
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes the changes of layout, and puts inputs in the blocked layout into {@code inputs}. */
  private static Model strip(Model model, Map<String, Tensor> inputs) {
    Graph graph = model.graph();
    Map<String, String> renamed = new HashMap<>();
    List<Node> kept = new ArrayList<>();
    String output = graph.outputs().getFirst().name();
    for (Node node : graph.nodes()) {
      switch (node.opType()) {
        case "ReorderInput" -> renamed.put(node.outputs().getFirst(), node.inputs().getFirst());
        case "ReorderOutput" -> output = node.inputs().getFirst();
        default -> kept.add(node.mapInputs(name -> renamed.getOrDefault(name, name)));
      }
    }
    if (kept.size() != 1 || kept.size() == graph.nodes().size()) {
      throw new PeerException("ONNX Runtime keeps the operator in the layout that it came in");
    }
    List<ValueInfo> given = new ArrayList<>();
    for (ValueInfo input : graph.inputs()) {
      Tensor value = inputs.get(input.name());
      if (value != null && renamed.containsValue(input.name())) {
        long channels = Math.ceilDiv(value.shape().dim(1), BLOCK) * (long) BLOCK;
        Shape blocked = value.shape().with(1, channels);
        inputs.put(input.name(), RandomData.of(value.dtype(), blocked, 1));
        given.add(new ValueInfo(input.name(), ValueType.tensor(value.dtype(), blocked)));
      } else {
        given.add(input);
      }
    }
    return model.withGraph(
        new Graph(
            graph.name(),
            given,
            List.of(new ValueInfo(output, ValueType.UNKNOWN)),
            kept,
            graph.initializers(),
            Map.of(),
            graph.annotations()));
  }
}
