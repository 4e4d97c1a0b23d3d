package io.compresso.technique.quantize;

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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Runs a model and shows the values in between. */
interface ActivationSource extends AutoCloseable {
  /** Runs once; the listener sees the computed values that the source was made for. */
  void run(Map<String, ? extends Value> inputs, ValueListener listener);

  @Override
  void close();

  /** Makes models ready to be observed. */
  @FunctionalInterface
  interface Opener {
    /** A source that shows the computed float values of the given names. */
    ActivationSource open(Model model, Set<String> values);
  }

  /**
   * This project's engine, or ONNX Runtime for models with operators that it lacks.
   *
   * @param work a folder for the files that ONNX Runtime reads
   */
  static Opener in(Path work) {
    return (model, values) ->
        model.functions().isEmpty() && isKnown(model.graph())
            ? engine(model, values)
            : peer(model, values, work);
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

  private static ActivationSource engine(Model model, Set<String> values) {
    Session session = Session.create(model, SessionOptions.DEFAULT);
    return new ActivationSource() {
      @Override
      public void run(Map<String, ? extends Value> inputs, ValueListener listener) {
        session.run(
            inputs,
            (name, value) -> {
              if (values.contains(name)) {
                listener.onValue(name, value);
              }
            });
      }

      @Override
      public void close() {
        session.close();
      }
    };
  }

  private static ActivationSource peer(Model model, Set<String> values, Path work) {
    Graph graph = model.graph();
    List<ValueInfo> outputs = new ArrayList<>(graph.outputs());
    for (String value : values) {
      if (graph.outputs().stream().noneMatch(output -> output.name().equals(value))) {
        outputs.add(new ValueInfo(value, new ValueType.TensorType(DType.FLOAT, null)));
      }
    }
    Graph open =
        new Graph(
            graph.name(),
            graph.inputs(),
            outputs,
            graph.nodes(),
            graph.initializers(),
            graph.valueInfos(),
            graph.annotations());
    OnnxRuntimePeer runner;
    try {
      Path file = Files.createTempFile(work, "observed", ".onnx");
      try {
        OnnxCodec.write(model.withGraph(open), file);
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
