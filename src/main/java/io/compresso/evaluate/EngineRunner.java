package io.compresso.evaluate;

import io.compresso.data.Binding.ModelInput;
import io.compresso.engine.RunOptions;
import io.compresso.engine.RunResult.NodeProfile;
import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A model in our own engine. */
public final class EngineRunner implements Runner {
  /** What {@link #runtime()} gives. */
  public static final String RUNTIME = "compresso";

  private final Session session;
  private final List<ModelInput> inputs;
  private final List<String> outputs;

  private EngineRunner(Session session, List<ModelInput> inputs, List<String> outputs) {
    this.session = session;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /**
   * Makes a model ready.
   *
   * @throws GraphException if it cannot run, or takes something that is no tensor
   */
  public static EngineRunner open(Model model, SessionOptions options) {
    return new EngineRunner(
        Session.create(model, options),
        inputsOf(model.graph()),
        model.graph().outputs().stream().map(ValueInfo::name).toList());
  }

  /**
   * The inputs that a run of the graph must supply, as the data layer takes them.
   *
   * @throws GraphException if one is no tensor
   */
  public static List<ModelInput> inputsOf(Graph graph) {
    List<ModelInput> inputs = new ArrayList<>();
    for (ValueInfo input : graph.requiredInputs()) {
      if (!(input.type() instanceof TensorType(var dtype, var dims))) {
        throw new GraphException(
            "input '" + input.name() + "' is of type " + input.type() + ", not a tensor");
      }
      List<Long> sizes =
          dims == null
              ? null
              : dims.stream().map(dim -> dim instanceof Dim.Fixed(long size) ? size : -1L).toList();
      inputs.add(new ModelInput(input.name(), dtype, sizes));
    }
    return List.copyOf(inputs);
  }

  @Override
  public String runtime() {
    return RUNTIME;
  }

  @Override
  public List<ModelInput> inputs() {
    return inputs;
  }

  @Override
  public List<String> outputs() {
    return outputs;
  }

  @Override
  public Map<String, Value> run(Map<String, ? extends Value> values) {
    return session.run(values);
  }

  /** Runs once; gives a row for each operator of the compiled graph, in the order of execution. */
  public List<NodeProfile> profile(Map<String, ? extends Value> values) {
    return session.run(values, RunOptions.plain().withProfile()).profile();
  }

  @Override
  public PreparedRun prepareInPlace(Map<String, ? extends Value> values) {
    Map<String, Tensor> results = new LinkedHashMap<>();
    for (Map.Entry<String, Value> output : session.run(values).entrySet()) {
      if (!(output.getValue() instanceof Tensor tensor) || tensor.dtype() == DType.STRING) {
        return prepare(values);
      }
      results.put(output.getKey(), tensor);
    }
    return new PreparedRun() {
      @Override
      public void run() {
        session.run(values, results);
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public void close() {
    session.close();
  }
}
