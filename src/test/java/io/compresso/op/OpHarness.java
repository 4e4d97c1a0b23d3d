package io.compresso.op;

import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Runs one operator outside a graph. */
final class OpHarness {
  private OpHarness() {}

  /** The outputs of an operator of opset 22 without attributes. */
  static List<? extends @Nullable Value> run(String opType, @Nullable Value... inputs) {
    return run(opType, 22, Map.of(), inputs);
  }

  /** All outputs, three being named. */
  static List<? extends @Nullable Value> run(
      String opType, int opset, Map<String, Attribute> attributes, @Nullable Value... inputs) {
    Node node = node(opType, attributes, inputs);
    return find(opType)
        .flatMap(Operator::reference)
        .orElseThrow()
        .run(new Call(node, opset, Arrays.asList(inputs)));
  }

  /** The first output, a tensor. */
  static Tensor tensor(
      String opType, int opset, Map<String, Attribute> attributes, @Nullable Value... inputs) {
    return (Tensor) run(opType, opset, attributes, inputs).getFirst();
  }

  /** The first output, a tensor, in opset 22 without attributes. */
  static Tensor tensor(String opType, @Nullable Value... inputs) {
    return tensor(opType, 22, Map.of(), inputs);
  }

  /** What the shape rule tells of the outputs in opset 22. */
  static List<Inferred> infer(String opType, Map<String, Attribute> attributes, Object... inputs) {
    Value[] omitted = new Value[inputs.length];
    Arrays.fill(omitted, Tensor.scalar(0f));
    Node node = node(opType, attributes, omitted);
    return find(opType).orElseThrow().shapeRule().infer(new Inference(node, List.of(inputs)));
  }

  /** A float tensor's type with the given dimensions: numbers and names. */
  static Inferred floats(Object... dims) {
    return Inferred.of(new ValueType.TensorType(DType.FLOAT, dims(dims)));
  }

  /** Dimensions of numbers and names, {@code "?"} being unknown. */
  static List<Dim> dims(Object... dims) {
    List<Dim> result = new ArrayList<>();
    for (Object dim : dims) {
      result.add(
          dim instanceof Integer size
              ? Dim.of(size)
              : dim.equals("?") ? Dim.UNKNOWN : Dim.symbol((String) dim));
    }
    return result;
  }

  /** Longs as a vector. */
  static Tensor longs(long... values) {
    return Tensor.ofLongs(Shape.of(values.length), values);
  }

  /** Floats as a vector. */
  static Tensor vector(float... values) {
    return Tensor.ofFloats(Shape.of(values.length), values);
  }

  private static Optional<Operator> find(String opType) {
    return OperatorCatalog.find("", opType).or(() -> OperatorCatalog.find("ai.onnx.ml", opType));
  }

  private static Node node(
      String opType, Map<String, Attribute> attributes, @Nullable Value[] inputs) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < inputs.length; i++) {
      names.add(inputs[i] == null ? "" : "x" + i);
    }
    return Node.of(opType, names, List.of("y0", "y1", "y2"), attributes);
  }

  private record Call(Node node, int opset, List<@Nullable Value> inputs) implements OpContext {
    @Override
    public @Nullable Value input(int index) {
      return index < inputs.size() ? inputs.get(index) : null;
    }

    @Override
    public Tensor allocate(DType dtype, Shape shape) {
      return Tensor.allocate(dtype, shape);
    }

    @Override
    public List<Value> run(Graph body, Map<String, Value> values) {
      throw new UnsupportedOperationException("subgraphs need a session");
    }
  }

  private record Inference(Node node, List<Object> inputs) implements ShapeContext {
    @Override
    public int opset() {
      return 22;
    }

    @Override
    public Inferred input(int index) {
      if (index >= inputs.size()) {
        return Inferred.UNKNOWN;
      }
      return switch (inputs.get(index)) {
        case Inferred inferred -> inferred;
        case Tensor tensor -> Inferred.of(ValueType.tensor(tensor.dtype(), tensor.shape()));
        default -> Inferred.UNKNOWN;
      };
    }

    @Override
    public @Nullable Tensor constant(int index) {
      return index < inputs.size() && inputs.get(index) instanceof Tensor tensor ? tensor : null;
    }

    @Override
    public List<Inferred> infer(Graph body, List<Inferred> values) {
      throw new UnsupportedOperationException("subgraphs need a session");
    }
  }
}
