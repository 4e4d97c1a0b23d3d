package io.compresso.technique.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.compresso.engine.Passes;
import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.technique.quantize.QuantizeParams.ObserverKind;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FoldingTest {
  private final Random random = new Random(9);
  private final Map<String, Tensor> constants = new LinkedHashMap<>();
  private final List<Node> nodes = new ArrayList<>();

  @ParameterizedTest
  @CsvSource({"Conv, 1", "Conv, 2", "ConvTranspose, 1", "ConvTranspose, 2"})
  void foldBatchNormalization_keepsTheFunction(String operator, int groups) {
    constants.put("w", gaussian(4, 4 / groups, 3, 3));
    Map<String, Attribute> attributes = Map.of("group", Attribute.of(groups));
    nodes.add(Node.of(operator, List.of("x", "w"), List.of("c"), attributes));
    normalize("c", "y");
    Model model = model();
    Model folded = Passes.apply(model, List.of(new FoldBatchNormalization()));
    assertThat(folded.graph().nodes()).extracting(Node::opType).containsExactly(operator);
    assertSame(model, folded);
  }

  @Test
  void foldBatchNormalization_leavesIt_whenTheConvolutionHasOtherReaders() {
    constants.put("w", gaussian(4, 4, 3, 3));
    nodes.add(Node.of("Conv", List.of("x", "w"), List.of("c"), Map.of()));
    normalize("c", "n");
    nodes.add(Node.of("Add", List.of("c", "n"), List.of("y"), Map.of()));
    assertThat(new FoldBatchNormalization().patch(model()).isEmpty()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"'4,1,1', true", "'1,4,1,1', true", "'1', true", "'4', false", "'1,1,5', false"})
  void foldBias_takesOneValueAChannel(String shape, boolean folds) {
    constants.put("w", gaussian(4, 4, 3, 3));
    String[] sizes = shape.split(",");
    long[] dims = new long[sizes.length];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = Long.parseLong(sizes[i]);
    }
    constants.put("b", gaussian(dims));
    nodes.add(Node.of("Conv", List.of("x", "w"), List.of("c"), valid(folds ? 1 : 0)));
    nodes.add(Node.of("Add", List.of("c", "b"), List.of("y"), Map.of()));
    Model model = model();
    Model folded = Passes.apply(model, List.of(new FoldBias(_ -> -1)));
    assertThat(folded.graph().nodes()).hasSize(folds ? 1 : 2);
    if (folds) {
      assertSame(model, folded);
    }
  }

  private static Map<String, Attribute> valid(long pad) {
    return Map.of("pads", Attribute.ints(pad, pad, pad, pad));
  }

  @Test
  void hoistRelu_keepsTheFunction() {
    constants.put("w", gaussian(4, 4, 3, 3));
    Map<String, Attribute> pool =
        Map.of("kernel_shape", Attribute.ints(2, 2), "pads", Attribute.ints(1, 1, 0, 0));
    nodes.add(Node.of("Conv", List.of("x", "w"), List.of("c"), Map.of()));
    nodes.add(Node.of("MaxPool", List.of("c"), List.of("p"), pool));
    nodes.add(Node.of("Flatten", List.of("p"), List.of("f"), Map.of()));
    nodes.add(Node.of("Relu", List.of("f"), List.of("y"), Map.of()));
    Model model = model();
    Model hoisted = Passes.apply(model, List.of(new HoistRelu()));
    assertThat(hoisted.graph().nodes())
        .extracting(Node::opType)
        .containsExactly("Conv", "Relu", "MaxPool", "Flatten");
    assertSame(model, hoisted);
  }

  @Test
  void equalizeChannels_keepsTheFunctionAndEvensOutRanges() {
    Tensor uneven = gaussian(4, 4, 3, 3);
    for (int i = 0; i < uneven.size(); i++) {
      uneven.setFloat(i, uneven.getFloat(i) * (float) Math.pow(10, i / 36));
    }
    constants.put("w", uneven);
    constants.put("b", gaussian(4));
    constants.put("w2", gaussian(4, 2, 3, 3));
    nodes.add(Node.of("Conv", List.of("x", "w", "b"), List.of("c"), Map.of()));
    nodes.add(Node.of("Relu", List.of("c"), List.of("r"), Map.of()));
    nodes.add(Node.of("Conv", List.of("r", "w2"), List.of("y"), Map.of("group", Attribute.of(2))));
    Model model = model();
    Model equal = EqualizeChannels.equalize(model);
    assertSame(model, equal);
    float[] scales =
        new WeightQuantizer(true, ObserverKind.MIN_MAX, 100, 127)
            .quantize(
                equal
                    .graph()
                    .initializers()
                    .get(equal.graph().nodes().getFirst().inputs().get(1))
                    .toFloats(),
                Shape.of(4, 4, 3, 3),
                0,
                new float[4])
            .params()
            .scales();
    assertThat(scales[3] / scales[0]).isLessThan(50);
  }

  @ParameterizedTest
  @CsvSource({"Conv, 1", "Conv, 2", "ConvTranspose, 1", "ConvTranspose, 2"})
  void biasCorrection_isTheMeanErrorOfConstantInputs(String operator, int groups) {
    Tensor weights = gaussian(4, 4 / groups, 1, 1);
    Node node =
        Node.of(operator, List.of("x", "w"), List.of("y"), Map.of("group", Attribute.of(groups)));
    WeightQuantizer.Quantized quantized =
        new WeightQuantizer(false, ObserverKind.MIN_MAX, 100, 3)
            .quantize(weights.toFloats(), weights.shape(), 0, new float[1]);
    float[] means = {1, -2, 3, 0.5f};
    float[] shift = BiasCorrection.shift(node, weights, quantized, means);

    Tensor rounded = Tensor.allocate(DType.FLOAT, weights.shape());
    for (int i = 0; i < rounded.size(); i++) {
      rounded.setFloat(i, quantized.values().getLong(i) * quantized.params().scales()[0]);
    }
    Tensor x = Tensor.ofFloats(Shape.of(1, 4, 1, 1), means);
    Tensor exact = run(node, weights, x);
    Tensor inexact = run(node, rounded, x);
    for (int c = 0; c < 4; c++) {
      assertThat(shift[c]).isCloseTo(inexact.getFloat(c) - exact.getFloat(c), within(1e-4f));
    }
  }

  private Tensor run(Node node, Tensor weights, Tensor x) {
    constants.clear();
    nodes.clear();
    constants.put("w", weights);
    nodes.add(node);
    try (Session session = Session.create(model(Shape.of(1, 4, 1, 1)), SessionOptions.DEFAULT)) {
      return (Tensor) session.run(Map.of("x", x)).get("y");
    }
  }

  private void normalize(String from, String to) {
    constants.put("gain", gaussian(4));
    constants.put("shift", gaussian(4));
    constants.put("mean", gaussian(4));
    constants.put("variance", Tensor.ofFloats(Shape.of(4), 1, 0.2f, 3, 0.01f));
    nodes.add(
        Node.of(
            "BatchNormalization",
            List.of(from, "gain", "shift", "mean", "variance"),
            List.of(to),
            Map.of()));
  }

  private Model model() {
    return model(Shape.of(1, 4, 7, 7));
  }

  private Model model(Shape input) {
    Graph graph =
        new Graph(
            "g",
            List.of(new ValueInfo("x", ValueType.tensor(DType.FLOAT, input))),
            List.of(new ValueInfo("y", new ValueType.TensorType(DType.FLOAT, null))),
            nodes,
            constants,
            Map.of(),
            Annotations.NONE);
    return new Model(
        8,
        Map.of("", 13),
        new Model.Producer("test", "", "", 0),
        graph,
        List.of(),
        Annotations.NONE);
  }

  private void assertSame(Model expected, Model actual) {
    Tensor x = gaussian(1, 4, 7, 7);
    try (Session a = Session.create(expected, SessionOptions.DEFAULT);
        Session b = Session.create(actual, SessionOptions.DEFAULT)) {
      float[] before = ((Tensor) a.run(Map.of("x", x)).get("y")).toFloats();
      float[] after = ((Tensor) b.run(Map.of("x", x)).get("y")).toFloats();
      assertThat(after).hasSameSizeAs(before);
      for (int i = 0; i < before.length; i++) {
        assertThat(after[i]).isCloseTo(before[i], within(1e-3f * (1 + Math.abs(before[i]))));
      }
    }
  }

  private Tensor gaussian(long... dims) {
    float[] values = new float[(int) Shape.of(dims).size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Tensor.ofFloats(Shape.of(dims), values);
  }
}
