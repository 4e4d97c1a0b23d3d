package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.engine.SessionOptions;
import io.compresso.engine.ShapeInference;
import io.compresso.evaluate.models.Networks;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.technique.JobHost;
import io.compresso.technique.JobSpec;
import io.compresso.technique.StepContext;
import io.compresso.technique.Technique;
import io.compresso.technique.TechniqueCatalog;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every node of a dynamically quantized BERT gives what ONNX Runtime gives for the same inputs:
 * whatever quantizes, or multiplies what is quantized, bit for bit. What whole runs differ in comes
 * from the last places of functions of floats.
 */
class DynamicQuantizationTest {
  /** Operators on floats that may differ in their last places, relative to the greatest element. */
  private static final Set<String> ROUNDED =
      Set.of("Erf", "LayerNormalization", "MatMul", "Softmax", "Tanh");

  private static final double ROUNDING = 1e-6;

  @TempDir Path folder;

  @Test
  void nodes_giveWhatOnnxRuntimeGives_whenGivenItsInputs() {
    Model model = dynamic(Networks.BERT_BASE.small());
    Map<String, Value> values = values(model);
    for (Node node : model.graph().nodes()) {
      check(model, List.of(node), values, ROUNDED.contains(node.opType()) ? ROUNDING : 0);
    }
  }

  @Test
  void productsInOnePiece_giveWhatOnnxRuntimeGives_whenGivenItsInputs() {
    Model model = dynamic(Networks.BERT_BASE.small());
    Map<String, Value> values = values(model);
    int products = 0;
    for (Node node : model.graph().nodes()) {
      if (node.is("MatMulInteger")) {
        check(model, product(model.graph(), node), values, 0);
        products++;
      }
    }
    assertThat(products).isGreaterThan(10);
  }

  private Model dynamic(Model model) {
    return quantize(TechniqueCatalog.find("quantize").orElseThrow(), model);
  }

  private <P extends Record> Model quantize(Technique<P> technique, Model model) {
    JobSpec.Step step = JobSpec.of("quantize", Map.of("mode", "dynamic")).pipeline().getFirst();
    JobSpec.Budget budget = new JobSpec.Budget(1, 0.01, JobSpec.Budget.DEFAULT.maxMemoryMb());
    StepContext context = new StepContext(null, null, "auto", budget, 1, folder, JobHost.LOCAL);
    return technique.apply(model, technique.parameters().cast(step.parameters()), context).model();
  }

  /** Every value of a run in ONNX Runtime, which runs the nodes as they are written. */
  private static Map<String, Value> values(Model model) {
    Map<String, Tensor> inputs = ModelInputs.random(model.graph(), 1, 1);
    Map<String, ValueInfo> infos = ShapeInference.annotate(model).graph().valueInfos();
    Map<String, ValueInfo> outputs = new LinkedHashMap<>();
    model.graph().outputs().forEach(output -> outputs.put(output.name(), output));
    for (Node node : model.graph().nodes()) {
      node.outputs().forEach(name -> outputs.putIfAbsent(name, infos.get(name)));
    }
    Graph graph = model.graph();
    Model open =
        model.withGraph(
            new Graph(
                graph.name(),
                graph.inputs(),
                List.copyOf(outputs.values()),
                graph.nodes(),
                graph.initializers(),
                Map.of(),
                graph.annotations()));
    Map<String, Value> values = new HashMap<>(inputs);
    PeerOptions asWritten = new PeerOptions(1, false, false);
    try (Runner peer = OnnxRuntimePeer.open(OnnxCodec.write(open), asWritten)) {
      values.putAll(peer.run(inputs));
    }
    return values;
  }

  /** Quantization, integer product, conversion and scaling: from floats to floats. */
  private static List<Node> product(Graph graph, Node integers) {
    Node cast = reader(graph, integers);
    Node scaled = reader(graph, cast);
    String converted = cast.outputs().getFirst();
    String factor =
        converted.equals(scaled.input(0)) ? scaled.inputs().get(1) : scaled.inputs().get(0);
    return List.of(
        producer(graph, integers.inputs().getFirst()),
        producer(graph, factor),
        integers,
        cast,
        scaled);
  }

  private static Node producer(Graph graph, String value) {
    return graph.nodes().stream()
        .filter(node -> node.outputs().contains(value))
        .findFirst()
        .orElseThrow();
  }

  private static Node reader(Graph graph, Node node) {
    return graph.nodes().stream()
        .filter(other -> other.inputs().contains(node.outputs().getFirst()))
        .findFirst()
        .orElseThrow();
  }

  /** Runs some nodes in our engine, and compares what the last one gives. */
  private static void check(
      Model model, List<Node> nodes, Map<String, Value> values, double bound) {
    Graph graph = model.graph();
    Set<String> made =
        nodes.stream().flatMap(node -> node.outputs().stream()).collect(Collectors.toSet());
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    Map<String, Tensor> constants = new LinkedHashMap<>();
    for (Node node : nodes) {
      for (String input : node.inputs()) {
        if (graph.initializers().containsKey(input)) {
          constants.put(input, graph.initializers().get(input));
        } else if (!made.contains(input) && values.get(input) instanceof Tensor tensor) {
          inputs.put(input, tensor);
        }
      }
    }
    List<ValueInfo> outputs = infos(nodes.getLast().outputs(), values);
    Model part =
        model.withGraph(
            new Graph(
                "part",
                infos(inputs.keySet(), values),
                outputs,
                nodes,
                constants,
                Map.of(),
                graph.annotations()));
    try (Runner ours = EngineRunner.open(part, SessionOptions.DEFAULT.withThreads(1))) {
      Map<String, Value> actual = ours.run(inputs);
      for (ValueInfo output : outputs) {
        Tensor expected = (Tensor) values.get(output.name());
        compare(nodes.getLast(), expected, (Tensor) actual.get(output.name()), bound);
      }
    }
  }

  private static List<ValueInfo> infos(Iterable<String> names, Map<String, Value> values) {
    List<ValueInfo> infos = new ArrayList<>();
    for (String name : names) {
      Tensor tensor = (Tensor) values.get(name);
      infos.add(new ValueInfo(name, ValueType.tensor(tensor.dtype(), tensor.shape())));
    }
    return infos;
  }

  private static void compare(Node node, Tensor expected, Tensor actual, double bound) {
    assertThat(actual.shape()).isEqualTo(expected.shape());
    double greatest = 0;
    double error = 0;
    for (long i = 0; i < expected.size(); i++) {
      greatest = Math.max(greatest, Math.abs(expected.getDouble(i)));
      error = Math.max(error, Math.abs(expected.getDouble(i) - actual.getDouble(i)));
    }
    assertThat(error).as(node.label()).isLessThanOrEqualTo(bound * greatest);
  }
}
