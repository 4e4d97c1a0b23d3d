package io.compresso.technique.quantize;

import io.compresso.engine.Observation;
import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.engine.ValueListener;
import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.evaluate.PeerOptions;
import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.op.OperatorCatalog;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Runs a model and shows the values in between. */
interface ActivationSource extends AutoCloseable {
  /**
   * Runs once; the listener sees the computed values that the source was made for. Their memory may
   * be used again after the call.
   */
  void run(Map<String, ? extends Value> inputs, ValueListener listener);

  /** Whether the value is shown with axis 1 moved to the end. */
  default boolean isChannelsLast(String value) {
    return false;
  }

  @Override
  void close();

  /** Makes models ready to be observed. */
  @FunctionalInterface
  interface Opener {
    /** A source that shows what is asked for, of the computed float values. */
    ActivationSource open(Model model, Observation wanted);

    /** A source that shows the computed float values of the given names as the model has them. */
    default ActivationSource open(Model model, Set<String> values) {
      return open(model, new Observation(values, false));
    }
  }

  /**
   * This project's engine, or ONNX Runtime for models with operators that it lacks.
   *
   * @param work a folder for the files that ONNX Runtime reads
   */
  static Opener in(Path work) {
    return (model, wanted) ->
        model.functions().isEmpty() && isKnown(model.graph())
            ? engine(model, wanted)
            : peer(model, wanted.values(), work);
  }

  private static boolean isKnown(Graph graph) {
    for (Node node : graph.nodes()) {
      if (OperatorCatalog.find(node.domain(), node.opType())
          .flatMap(operator -> operator.reference())
          .isEmpty()) {
        return false;
      }
      for (Attribute attribute : node.attributes().values()) {
        boolean known =
            switch (attribute) {
              case Attribute.GraphValue(Graph body) -> isKnown(body);
              case Attribute.Graphs(List<Graph> bodies) ->
                  bodies.stream().allMatch(ActivationSource::isKnown);
              default -> true;
            };
        if (!known) {
          return false;
        }
      }
    }
    return true;
  }

  /** Values are shown where they lie, so that a run takes no more memory than any other. */
  private static ActivationSource engine(Model model, Observation wanted) {
    Set<String> computed = new LinkedHashSet<>(ofInputs(model.graph()));
    computed.retainAll(wanted.values());
    Observation observation = new Observation(computed, wanted.anyLayout());
    Session session = Session.observable(model, observation, SessionOptions.DEFAULT);
    return new ActivationSource() {
      @Override
      public void run(Map<String, ? extends Value> inputs, ValueListener listener) {
        var _ = session.run(inputs, listener);
      }

      @Override
      public boolean isChannelsLast(String value) {
        return session.showsChannelsLast(value);
      }

      @Override
      public void close() {
        session.close();
      }
    };
  }

  /** The values that do not follow from constants alone. */
  private static Set<String> ofInputs(Graph graph) {
    Set<String> known = new HashSet<>();
    graph.inputs().forEach(input -> known.add(input.name()));
    Set<String> computed = new LinkedHashSet<>();
    for (Node node : graph.nodes()) {
      if (Patch.reads(node).stream().anyMatch(known::contains)) {
        known.addAll(node.outputs());
        computed.addAll(node.outputs());
      }
    }
    computed.remove("");
    return computed;
  }

  /** The model with further outputs. */
  private static Model opened(Model model, Set<String> values) {
    Graph graph = model.graph();
    List<ValueInfo> outputs = new ArrayList<>(graph.outputs());
    for (String value : values) {
      if (graph.outputs().stream().noneMatch(output -> output.name().equals(value))) {
        outputs.add(new ValueInfo(value, new ValueType.TensorType(DType.FLOAT, null)));
      }
    }
    return model.withGraph(
        new Graph(
            graph.name(),
            graph.inputs(),
            outputs,
            graph.nodes(),
            graph.initializers(),
            graph.valueInfos(),
            graph.annotations()));
  }

  private static ActivationSource peer(Model model, Set<String> values, Path work) {
    OnnxRuntimePeer runner;
    try {
      Path file = Files.createTempFile(work, "observed", ".onnx");
      try {
        OnnxCodec.write(opened(model, values), file);
        runner = OnnxRuntimePeer.open(file, PeerOptions.DEFAULT);
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new ActivationSource() {
      @Override
      public void run(Map<String, ? extends Value> inputs, ValueListener listener) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        inputs.forEach((name, value) -> {
          if (!(value instanceof Tensor tensor)) {
            throw new GraphException("input '" + name + "' is not a tensor");
          }
          tensors.put(name, tensor);
        });
        runner
            .run(tensors)
            .forEach((name, value) -> {
              if (values.contains(name)) {
                listener.onValue(name, value);
              }
            });
      }

      @Override
      public void close() {
        runner.close();
      }
    };
  }
}
