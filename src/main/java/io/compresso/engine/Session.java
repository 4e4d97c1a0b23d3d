package io.compresso.engine;

import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.op.OpContext;
import io.compresso.op.Operator;
import io.compresso.op.OperatorCatalog;
import io.compresso.op.Reference;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A model made ready to run. Thread-safe. */
public final class Session implements AutoCloseable {
  private final Model model;
  private final Map<Node, Object> prepared = Collections.synchronizedMap(new IdentityHashMap<>());

  private Session(Model model) {
    this.model = model;
  }

  /**
   * Makes a model ready.
   *
   * @throws GraphException if a node's operator is not known
   */
  public static Session create(Model model, SessionOptions options) {
    return new Session(model);
  }

  /** The outputs for the given inputs, by name. */
  public Map<String, Value> run(Map<String, ? extends Value> inputs) {
    return run(inputs, (_, _) -> {});
  }

  /** The outputs for the given inputs; {@code listener} sees every computed value. */
  public Map<String, Value> run(Map<String, ? extends Value> inputs, ValueListener listener) {
    Map<String, Value> values = new HashMap<>(model.graph().initializers());
    for (ValueInfo input : model.graph().requiredInputs()) {
      if (!inputs.containsKey(input.name())) {
        throw new GraphException("input '" + input.name() + "' is missing");
      }
    }
    values.putAll(inputs);
    runNodes(model.graph(), values, listener);
    Map<String, Value> outputs = new LinkedHashMap<>();
    for (ValueInfo output : model.graph().outputs()) {
      outputs.put(output.name(), valueOf(output.name(), values));
    }
    return outputs;
  }

  private void runNodes(Graph graph, Map<String, Value> values, ValueListener listener) {
    for (Node node : graph.nodes()) {
      Reference reference =
          OperatorCatalog.find(node.domain(), node.opType())
              .flatMap(Operator::reference)
              .orElseThrow(() -> new GraphException(node, "operator is not supported"));
      List<? extends @Nullable Value> outputs = reference.run(new Call(node, values));
      for (int i = 0; i < node.outputs().size() && i < outputs.size(); i++) {
        Value output = outputs.get(i);
        if (output != null && !node.outputs().get(i).isEmpty()) {
          values.put(node.outputs().get(i), output);
          listener.onValue(node.outputs().get(i), output);
        }
      }
    }
  }

  private static Value valueOf(String name, Map<String, Value> values) {
    Value value = values.get(name);
    if (value == null) {
      throw new GraphException("value '" + name + "' was not computed");
    }
    return value;
  }

  @Override
  public void close() {}

  private final class Call implements OpContext {
    private final Node node;
    private final Map<String, Value> values;

    Call(Node node, Map<String, Value> values) {
      this.node = node;
      this.values = values;
    }

    @Override
    public Node node() {
      return node;
    }

    @Override
    public int opset() {
      return model.opsetImports().getOrDefault(node.domain(), 1);
    }

    @Override
    public @Nullable Value input(int index) {
      String name = node.input(index);
      return name == null ? null : valueOf(name, values);
    }

    @Override
    public boolean isConstant(int index) {
      String name = node.input(index);
      Tensor constant = name == null ? null : model.graph().initializers().get(name);
      return constant != null && values.get(name) == constant;
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T> T prepared(Supplier<T> make) {
      return (T) prepared.computeIfAbsent(node, _ -> make.get());
    }

    @Override
    public Tensor allocate(DType dtype, Shape shape) {
      return Tensor.allocate(dtype, shape);
    }

    @Override
    public List<Value> run(Graph body, Map<String, Value> inputs) {
      Map<String, Value> inner = new HashMap<>(values);
      inner.putAll(body.initializers());
      inner.putAll(inputs);
      runNodes(body, inner, (_, _) -> {});
      List<Value> outputs = new ArrayList<>();
      for (ValueInfo output : body.outputs()) {
        outputs.add(valueOf(output.name(), inner));
      }
      return outputs;
    }
  }
}
