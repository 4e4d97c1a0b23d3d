package io.compresso.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import io.compresso.testing.OrtRunner;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** A model of one node, run in our engine and in ONNX Runtime. */
final class PeerComparison {
  private final String domain;
  private final String operator;
  private final int opset;
  private final Map<String, Attribute> attributes = new LinkedHashMap<>();
  private final List<@Nullable Tensor> inputs = new ArrayList<>();
  private final List<@Nullable DType> outputs = new ArrayList<>();
  private final SplittableRandom random = new SplittableRandom(5);
  private boolean constants;

  private PeerComparison(String domain, String operator, int opset) {
    this.domain = domain;
    this.operator = operator;
    this.opset = opset;
  }

  static PeerComparison of(String operator, int opset) {
    return new PeerComparison("", operator, opset);
  }

  static PeerComparison ofMl(String operator, int opset) {
    return new PeerComparison("ai.onnx.ml", operator, opset);
  }

  static PeerComparison ofMicrosoft(String operator) {
    return new PeerComparison("com.microsoft", operator, 17);
  }

  PeerComparison with(String name, Attribute attribute) {
    attributes.put(name, attribute);
    return this;
  }

  PeerComparison with(String name, long value) {
    return with(name, Attribute.of(value));
  }

  PeerComparison input(@Nullable Tensor tensor) {
    inputs.add(tensor);
    return this;
  }

  PeerComparison omitted() {
    return input(null);
  }

  /** Floats in [-1, 1). */
  PeerComparison floats(long... dims) {
    return input(random(DType.FLOAT, dims));
  }

  /** Any values of an integer type of 8 bits. */
  PeerComparison bytes(DType dtype, long... dims) {
    return input(random(dtype, dims));
  }

  /** A scale, and a zero point of {@code dtype}. */
  PeerComparison quantization(float scale, DType dtype, int zeroPoint) {
    input(Tensor.scalar(scale));
    return input(Tensor.ofBytes(dtype, Shape.SCALAR, (byte) zeroPoint));
  }

  PeerComparison output(DType dtype) {
    outputs.add(dtype);
    return this;
  }

  PeerComparison omittedOutput() {
    outputs.add(null);
    return this;
  }

  /** All inputs but the first become constants of the model. */
  PeerComparison constants() {
    constants = true;
    return this;
  }

  private Tensor random(DType dtype, long... dims) {
    Tensor tensor = Tensor.allocate(dtype, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      if (dtype.isFloat()) {
        tensor.setDouble(i, random.nextDouble() * 2 - 1);
      } else {
        tensor.setLong(i, random.nextInt(256));
      }
    }
    return tensor;
  }

  /**
   * Runs ours, compiled and as it stands, and ONNX Runtime, and holds the outputs together;
   * integers may be {@code steps} apart.
   */
  void agrees(double tolerance, int steps) throws Exception {
    Map<String, Tensor> feeds = new LinkedHashMap<>();
    Model model = model(feeds);
    Map<String, Value> ours = run(model, feeds, true);
    Map<String, Value> reference = run(model, feeds, false);
    try (OrtRunner peer = OrtRunner.of(OnnxCodec.write(model))) {
      Map<String, Tensor> expected = peer.run(feeds);
      assertThat(expected.keySet()).isEqualTo(ours.keySet());
      expected.forEach((name, value) -> same(name, value, ours.get(name), tolerance, steps));
      expected.forEach((name, value) -> same(name, value, reference.get(name), tolerance, steps));
    }
  }

  /** Runs ours alone, for what ONNX Runtime has no kernel for on the CPU. */
  void gives(double tolerance, double... expected) {
    Map<String, Tensor> feeds = new LinkedHashMap<>();
    Value y = run(model(feeds), feeds, true).get("y0");
    assertThat(y).isInstanceOf(Tensor.class);
    Tensor actual = (Tensor) y;
    assertThat(actual.size()).isEqualTo(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual.getDouble(i)).isCloseTo(expected[i], within(tolerance));
    }
  }

  private static Map<String, Value> run(Model model, Map<String, Tensor> feeds, boolean optimised) {
    SessionOptions options = SessionOptions.DEFAULT.withOptimised(optimised);
    try (Session session = Session.create(model, options)) {
      Map<String, Value> ours = session.run(feeds);
      assertThat(session.run(feeds).keySet()).isEqualTo(ours.keySet());
      return ours;
    }
  }

  private Model model(Map<String, Tensor> feeds) {
    List<ValueInfo> infos = new ArrayList<>();
    List<String> names = new ArrayList<>();
    Map<String, Tensor> initializers = new LinkedHashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      Tensor tensor = inputs.get(i);
      names.add(tensor == null ? "" : "x" + i);
      if (tensor != null && constants && i > 0) {
        initializers.put("x" + i, tensor);
      } else if (tensor != null) {
        feeds.put("x" + i, tensor);
        infos.add(new ValueInfo("x" + i, ValueType.tensor(tensor.dtype(), tensor.shape())));
      }
    }
    List<ValueInfo> results = new ArrayList<>();
    List<String> resultNames = new ArrayList<>();
    for (int i = 0; i < outputs.size(); i++) {
      DType dtype = outputs.get(i);
      resultNames.add(dtype == null ? "" : "y" + i);
      if (dtype != null) {
        results.add(new ValueInfo("y" + i, new ValueType.TensorType(dtype, null)));
      }
    }
    Node node =
        new Node("n", domain, operator, "", names, resultNames, attributes, Annotations.NONE);
    Graph graph =
        new Graph("g", infos, results, List.of(node), initializers, Map.of(), Annotations.NONE);
    Map<String, Integer> opsets =
        domain.equals("ai.onnx.ml")
            ? Map.of("", 17, domain, opset)
            : Map.of("", opset, "com.microsoft", 1);
    return new Model(
        8, opsets, new Model.Producer("test", "", "", 0), graph, List.of(), Annotations.NONE);
  }

  void agrees() throws Exception {
    agrees(1e-5, 0);
  }

  private static void same(
      String name, Tensor expected, @Nullable Value value, double tolerance, int steps) {
    assertThat(value).as(name).isInstanceOf(Tensor.class);
    Tensor actual = (Tensor) value;
    assertThat(actual.toString()).as(name).isEqualTo(expected.toString());
    for (long i = 0; i < expected.size(); i++) {
      if (expected.dtype() == DType.STRING) {
        assertThat(actual.getString(i)).as("%s[%d]", name, i).isEqualTo(expected.getString(i));
        continue;
      }
      double e = expected.getDouble(i);
      double a = actual.getDouble(i);
      if (Double.isNaN(e) && Double.isNaN(a) || Double.isInfinite(e) && a == e) {
        continue;
      }
      double room = expected.dtype().isFloat() ? tolerance * Math.max(1, Math.abs(e)) : steps;
      assertThat(Math.abs(a - e)).as("%s[%d]: %s and %s", name, i, a, e).isLessThanOrEqualTo(room);
    }
  }
}
