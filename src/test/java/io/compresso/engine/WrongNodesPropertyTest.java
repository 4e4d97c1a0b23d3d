package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An optimised session refuses what the references refuse: nodes with shapes, attributes and
 * constants that do not fit, whether or not the shapes of the inputs are declared.
 */
class WrongNodesPropertyTest {
  private static final int CHANGES = 60;

  /**
   * A model of one node.
   *
   * @param line the node, as {@link Graphs#node} takes it
   * @param tensors its inputs by name; those of a {@code !} are constants
   */
  private record Case(
      int opset, String line, Map<String, Tensor> tensors, List<Object> attributes) {
    static Case of(int opset, String line, Map<String, Tensor> tensors, Object... attributes) {
      return new Case(opset, line, tensors, List.of(attributes));
    }

    Model model(boolean declared) {
      Graphs graphs = Graphs.opset(opset).domain("com.microsoft", 1);
      tensors.forEach((name, tensor) -> {
        if (name.startsWith("!")) {
          graphs.constant(name.substring(1), tensor);
        } else {
          List<Dim> dims = new ArrayList<>();
          for (long size : tensor.shape().dims()) {
            dims.add(declared ? Dim.of(size) : Dim.UNKNOWN);
          }
          graphs.input(name, new ValueType.TensorType(tensor.dtype(), dims));
        }
      });
      String outputs = line.substring(0, line.indexOf(" = "));
      return graphs.node(line, attributes.toArray()).output(outputs.split(" ")).model();
    }

    Map<String, Value> run(boolean optimised, boolean declared) {
      Map<String, Tensor> given = new LinkedHashMap<>(tensors);
      given.keySet().removeIf(name -> name.startsWith("!"));
      SessionOptions options = SessionOptions.DEFAULT.withOptimised(optimised);
      try (Session session = Session.create(model(declared), options)) {
        return session.run(given);
      }
    }

    /** The same with a size, an attribute or a constant changed. */
    Case changed(SplittableRandom random) {
      List<Object> values = new ArrayList<>(attributes);
      Map<String, Tensor> others = new LinkedHashMap<>(tensors);
      int at = random.nextInt(tensors.size() + attributes.size() / 2);
      if (at >= tensors.size()) {
        int value = 2 * (at - tensors.size()) + 1;
        values.set(
            value,
            switch (values.get(value)) {
              case long[] numbers -> changed(numbers, random);
              case Integer number -> number + 1 - 2 * random.nextInt(2) + random.nextInt(2);
              case Object other -> other;
            });
      } else {
        String name = List.copyOf(tensors.keySet()).get(at);
        Tensor tensor = tensors.get(name);
        if (tensor.dtype() == DType.INT64) {
          long[] numbers = changed(tensor.toLongs(), random);
          others.put(name, Tensor.ofLongs(Shape.of(numbers.length), numbers));
        } else {
          long[] dims = changed(tensor.shape().dims(), random);
          for (int i = 0; i < dims.length; i++) {
            dims[i] = Math.max(1, dims[i]);
          }
          others.put(name, tensor(tensor.dtype(), dims));
        }
      }
      return new Case(opset, line, others, values);
    }

    private static long[] changed(long[] numbers, SplittableRandom random) {
      int kind = numbers.length == 0 ? 1 : random.nextInt(4);
      if (kind == 0) {
        return Arrays.copyOf(numbers, numbers.length - 1);
      }
      if (kind == 1) {
        long[] longer = Arrays.copyOf(numbers, numbers.length + 1);
        longer[numbers.length] = 1 + random.nextInt(2);
        return longer;
      }
      long[] result = numbers.clone();
      result[random.nextInt(result.length)] += random.nextInt(-2, 3);
      return result;
    }

    @Override
    public String toString() {
      StringBuilder text = new StringBuilder(line).append(" @").append(opset);
      tensors.forEach((name, tensor) -> {
        text.append(' ').append(name).append(tensor.shape());
        if (tensor.dtype() == DType.INT64) {
          text.append(Arrays.toString(tensor.toLongs()));
        }
      });
      for (int i = 0; i < attributes.size(); i += 2) {
        Object value = attributes.get(i + 1);
        text.append(' ').append(attributes.get(i)).append('=');
        text.append(value instanceof long[] numbers ? Arrays.toString(numbers) : value);
      }
      return text.toString();
    }
  }

  private static Tensor tensor(DType dtype, long... dims) {
    Tensor tensor = Tensor.allocate(dtype, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      if (dtype.isFloat()) {
        tensor.setFloat(i, 0.25f * (i % 7 + 1));
      } else {
        tensor.setLong(i, i % 5);
      }
    }
    return tensor;
  }

  /** Inputs in their order, so that seeds mean the same in every run. */
  private static Map<String, Tensor> given(Object... namesAndTensors) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (int i = 0; i < namesAndTensors.length; i += 2) {
      tensors.put((String) namesAndTensors[i], (Tensor) namesAndTensors[i + 1]);
    }
    return tensors;
  }

  private static Tensor floats(long... dims) {
    return tensor(DType.FLOAT, dims);
  }

  private static Tensor bytes(long... dims) {
    return tensor(DType.UINT8, dims);
  }

  private static Tensor longs(long... values) {
    return Tensor.ofLongs(Shape.of(values.length), values);
  }

  private static long[] ints(long... values) {
    return values;
  }

  /** Nodes that the reference refuses. */
  static List<Case> wrong() {
    Map<String, Tensor> product = new LinkedHashMap<>();
    product.put("a", bytes(2, 4));
    product.put("!as", floats());
    product.put("!az", bytes());
    product.put("!b", bytes(4, 3));
    product.put("!bs", floats());
    product.put("!bz", bytes());
    product.put("!ys", floats(3));
    product.put("!yz", bytes());
    return List.of(
        Case.of(17, "y = Reshape x s", given("x", floats(8, 3, 4), "!s", longs(1, 12))),
        Case.of(13, "a b = Split x s", given("x", floats(12), "!s", longs(2, 4))),
        Case.of(11, "a b = Split x", given("x", floats(12)), "split", ints(2, 4)),
        Case.of(13, "y = SpaceToDepth x", given("x", floats(1, 2, 5, 6)), "blocksize", 2),
        Case.of(13, "y = DepthToSpace x", given("x", floats(1, 8, 2, 3)), "blocksize", 3),
        Case.of(
            13,
            "y = Pad x p",
            given("x", floats(1, 2, 2, 3, 3), "!p", longs(0, 0, 1, 1, 0, 0, 1, 1))),
        Case.of(13, "y = Transpose x", given("x", floats(2, 3, 4)), "perm", ints(0, 1)),
        Case.of(13, "y = Squeeze x a", given("x", floats(2, 3), "!a", longs(0))),
        Case.of(
            13,
            "y = Slice x s e a",
            given("x", floats(4, 4), "!s", longs(1, 1), "!e", longs(3, 3), "!a", longs(0, 0))),
        recurrent("y = LSTM x w r _ _ h", 4, "h", floats(2, 1, 5)),
        recurrent("y = LSTM x w r", 4, "x", tensor(DType.DOUBLE, 3, 1, 4)),
        recurrent("y = LSTM x w r _ _ _ c", 4, "c", floats(1, 1, 6)),
        recurrent("y = GRU x w r _ _ h", 3, "h", floats(1, 1, 4)),
        recurrent("y = RNN x w r _ _ h", 1, "h", floats(1, 2, 5)),
        new Case(10, "y = QLinearMatMul a as az b bs bz ys yz", product, List.of()));
  }

  private static Case recurrent(String line, long gates, String input, Tensor state) {
    return Case.of(
        14,
        line,
        given(
            "x",
            floats(3, 1, 4),
            "!w",
            floats(1, 5 * gates, 4),
            "!r",
            floats(1, 5 * gates, 5),
            input,
            state),
        "hidden_size",
        5);
  }

  /** Nodes that are right. */
  static List<Case> right() {
    Map<String, Tensor> normal = new LinkedHashMap<>();
    normal.put("x", floats(2, 3, 4, 4));
    normal.put("!s", floats(3));
    normal.put("!b", floats(3));
    normal.put("!m", floats(3));
    normal.put("!v", floats(3));
    Map<String, Tensor> product = new LinkedHashMap<>();
    product.put("a", bytes(2, 4));
    product.put("!as", floats());
    product.put("!az", bytes());
    product.put("!b", bytes(4, 3));
    product.put("!bs", floats(3));
    product.put("!bz", bytes(3));
    product.put("!ys", floats());
    product.put("!yz", bytes());
    Map<String, Tensor> convolution = new LinkedHashMap<>();
    convolution.put("a", bytes(1, 4, 5, 5));
    convolution.put("!as", floats());
    convolution.put("!az", bytes());
    convolution.put("!b", bytes(3, 4, 3, 3));
    convolution.put("!bs", floats(3));
    convolution.put("!bz", bytes(3));
    convolution.put("!ys", floats());
    convolution.put("!yz", bytes());
    Map<String, Tensor> recurrent = new LinkedHashMap<>();
    recurrent.put("x", floats(3, 1, 4));
    recurrent.put("!w", floats(1, 15, 4));
    recurrent.put("!r", floats(1, 15, 5));
    recurrent.put("!b", floats(1, 30));
    List<Case> cases =
        new ArrayList<>(
            List.of(
                Case.of(17, "y = Reshape x s", given("x", floats(8, 3, 4), "!s", longs(2, -1, 4))),
                Case.of(13, "a b = Split x s", given("x", floats(12, 2), "!s", longs(6, 6))),
                Case.of(
                    11, "a b = Split x", given("x", floats(3, 4)), "split", ints(1, 3), "axis", 1),
                Case.of(18, "a b = Split x", given("x", floats(3, 4)), "num_outputs", 2, "axis", 0),
                Case.of(13, "y = SpaceToDepth x", given("x", floats(1, 2, 4, 6)), "blocksize", 2),
                Case.of(13, "y = DepthToSpace x", given("x", floats(1, 8, 2, 3)), "blocksize", 2),
                Case.of(13, "y = Pad x p", given("x", floats(2, 3), "!p", longs(0, 1, 1, 0))),
                Case.of(
                    13,
                    "y = Pad x p",
                    given("x", floats(4, 5), "!p", longs(0, 1, 1, 0)),
                    "mode",
                    "reflect"),
                Case.of(13, "y = Transpose x", given("x", floats(2, 3, 4)), "perm", ints(2, 0, 1)),
                Case.of(13, "y = Squeeze x a", given("x", floats(1, 3, 1), "!a", longs(0, 2))),
                Case.of(13, "y = Unsqueeze x a", given("x", floats(3, 2), "!a", longs(0, 2))),
                Case.of(13, "y = Flatten x", given("x", floats(2, 3, 4)), "axis", 1),
                Case.of(
                    13,
                    "y = Slice x s e a",
                    given(
                        "x",
                        floats(5, 6),
                        "!s",
                        longs(1, 0),
                        "!e",
                        longs(4, 3),
                        "!a",
                        longs(0, 1))),
                Case.of(
                    13, "y = Gather x i", given("x", floats(5, 4), "!i", longs(0, 4)), "axis", 0),
                Case.of(
                    13, "y = Gather x i", given("x", floats(5, 4), "i", longs(0, 4)), "axis", 0),
                Case.of(
                    13, "y = Concat x z", given("x", floats(2, 3), "z", floats(2, 1)), "axis", 1),
                Case.of(13, "y = Expand x s", given("x", floats(3, 1), "!s", longs(2, 1, 4))),
                Case.of(13, "y = Tile x s", given("x", floats(3, 1), "!s", longs(2, 3))),
                Case.of(13, "y = MatMul x w", given("x", floats(2, 3, 4), "!w", floats(4, 5))),
                Case.of(13, "y = MatMul x w", given("x", floats(2, 3, 4), "w", floats(2, 4, 5))),
                Case.of(
                    13,
                    "y = Gemm x w",
                    given("x", floats(3, 4), "!w", floats(5, 4)),
                    "transB",
                    1,
                    "transA",
                    0),
                Case.of(13, "y = Softmax x", given("x", floats(3, 4, 2)), "axis", 1),
                Case.of(13, "y = ReduceMean x", given("x", floats(3, 4, 2)), "axes", ints(0, 2)),
                Case.of(13, "y = ReduceSum x a", given("x", floats(3, 4, 2), "!a", longs(0, 2))),
                Case.of(13, "y = ArgMax x", given("x", floats(3, 4, 2)), "axis", 1),
                Case.of(13, "y = Add x z", given("x", floats(3, 4), "z", floats(4))),
                Case.of(13, "y = Max x z", given("x", floats(3, 4), "z", floats(4))),
                Case.of(13, "y = PRelu x z", given("x", floats(2, 3, 4), "!z", floats(3, 1))),
                Case.of(
                    13,
                    "y = Conv x w",
                    given("x", floats(1, 4, 5, 5), "!w", floats(6, 2, 3, 3)),
                    "group",
                    2,
                    "kernel_shape",
                    ints(3, 3),
                    "pads",
                    ints(1, 1, 1, 1),
                    "strides",
                    ints(2, 1),
                    "dilations",
                    ints(1, 1)),
                Case.of(
                    13,
                    "y = ConvTranspose x w",
                    given("x", floats(1, 4, 5, 5), "!w", floats(4, 3, 3, 3)),
                    "group",
                    2,
                    "pads",
                    ints(1, 1, 1, 1),
                    "strides",
                    ints(2, 1),
                    "output_padding",
                    ints(0, 0)),
                Case.of(
                    13,
                    "y = MaxPool x",
                    given("x", floats(1, 2, 6, 6)),
                    "kernel_shape",
                    ints(3, 2),
                    "strides",
                    ints(2, 2),
                    "pads",
                    ints(0, 0, 1, 1),
                    "ceil_mode",
                    0),
                Case.of(
                    13,
                    "y = AveragePool x",
                    given("x", floats(1, 2, 6, 6)),
                    "kernel_shape",
                    ints(3, 2),
                    "pads",
                    ints(0, 0, 1, 1)),
                Case.of(13, "y = GlobalAveragePool x", given("x", floats(1, 2, 6, 6))),
                Case.of(
                    17,
                    "y = LayerNormalization x s b",
                    given("x", floats(2, 3, 4), "!s", floats(4), "!b", floats(4)),
                    "axis",
                    -1),
                new Case(13, "y = BatchNormalization x s b m v", normal, List.of()),
                Case.of(
                    13,
                    "y = QuantizeLinear x s z",
                    given("x", floats(2, 3, 4), "!s", floats(3), "!z", bytes(3)),
                    "axis",
                    1),
                Case.of(
                    13,
                    "y = DequantizeLinear x s z",
                    given("x", bytes(2, 3, 4), "!s", floats(3), "!z", bytes(3)),
                    "axis",
                    1),
                Case.of(
                    11,
                    "y = OneHot i d v",
                    given("i", longs(1, 2), "!d", longs(4), "!v", floats(2)),
                    "axis",
                    0),
                Case.of(
                    13,
                    "y = ScatterND x i u",
                    given(
                        "x",
                        floats(4),
                        "!i",
                        Tensor.ofLongs(Shape.of(2, 1), 1, 3),
                        "u",
                        floats(2))),
                new Case(10, "y = QLinearMatMul a as az b bs bz ys yz", product, List.of()),
                new Case(10, "y = QLinearConv a as az b bs bz ys yz", convolution, List.of()),
                new Case(14, "y = GRU x w r b", recurrent, List.of("hidden_size", 5))));
    cases.add(
        Case.of(
            10,
            "y = MatMulInteger a b az bz",
            given("a", bytes(2, 4), "!b", bytes(4, 3), "!az", bytes(), "!bz", bytes(3))));
    cases.add(
        Case.of(
            10,
            "y = ConvInteger a b az",
            given("a", bytes(1, 2, 4, 4), "!b", bytes(3, 2, 3, 3), "!az", bytes())));
    cases.addAll(
        List.of(
            Case.of(9, "y = Crop x", given("x", floats(1, 2, 5, 6)), "border", ints(1, 0, 2, 1)),
            Case.of(
                17, "y = com.microsoft:ExpandDims x a", given("x", floats(3, 2), "!a", longs(1))),
            Case.of(
                17, "y = com.microsoft:Pad x p", given("x", floats(2, 3), "!p", longs(0, 1, 1, 0))),
            Case.of(17, "y = com.microsoft:Inverse x", given("x", floats(2, 3, 3))),
            Case.of(17, "y = com.microsoft:CDist x z", given("x", floats(4, 3), "z", floats(2, 3))),
            Case.of(
                17,
                "y = com.microsoft:CropAndResize x b i s",
                given(
                    "x",
                    floats(2, 3, 4, 4),
                    "b",
                    floats(2, 4),
                    "i",
                    longs(0, 1),
                    "!s",
                    longs(3, 2))),
            Case.of(
                17,
                "y = com.microsoft:ConvTransposeWithDynamicPads x w p",
                given("x", floats(1, 4, 5, 5), "!w", floats(4, 3, 3, 3), "!p", longs(1, 1, 1, 1)),
                "group",
                2)));
    return cases;
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void node_isRefused_whenTheReferenceRefusesIt(Case wrong) {
    for (boolean declared : new boolean[] {true, false}) {
      assertThatThrownBy(() -> wrong.run(false, declared)).isInstanceOf(GraphException.class);
      assertThatThrownBy(() -> wrong.run(true, declared)).isInstanceOf(GraphException.class);
    }
  }

  @ParameterizedTest
  @MethodSource("right")
  void changedNode_isRefusedOrComputed_asByTheReference(Case right) {
    assertThat(right.run(true, true).keySet()).isNotEmpty();
    SplittableRandom random = new SplittableRandom(right.line().hashCode());
    for (int i = 0; i < CHANGES; i++) {
      Case changed = right.changed(random);
      if (random.nextInt(3) == 0) {
        changed = changed.changed(random);
      }
      Outcome expected = Outcome.of(changed, false, false);
      for (boolean declared : new boolean[] {true, false}) {
        Outcome outcome = Outcome.of(changed, true, declared);
        assertThat(outcome.shapes())
            .as("%s, declared: %s; %s; %s", changed, declared, expected.error(), outcome.error())
            .isEqualTo(expected.shapes());
      }
    }
  }

  /**
   * What became of a model.
   *
   * @param shapes of the outputs by name; empty where the engine refuses the model
   * @param error with which it does, else empty
   */
  private record Outcome(Map<String, Shape> shapes, String error) {
    static Outcome of(Case model, boolean optimised, boolean declared) {
      try {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        model
            .run(optimised, declared)
            .forEach((name, value) -> shapes.put(name, ((Tensor) value).shape()));
        return new Outcome(shapes, "");
      } catch (GraphException e) {
        return new Outcome(Map.of(), String.valueOf(e.getMessage()));
      } catch (RuntimeException e) {
        throw new AssertionError("not the engine's exception: " + model, e);
      }
    }
  }
}
