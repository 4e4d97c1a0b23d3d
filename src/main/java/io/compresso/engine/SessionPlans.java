package io.compresso.engine;

import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The plans of a session: of the compiled graph, and those that special runs need, which are made
 * by the first such run. Thread-safe.
 */
final class SessionPlans implements AutoCloseable {
  /** How many sets of fetched values have plans of their own. */
  private static final int MOST_FETCHING = 4;

  private final Model model;
  private final SessionOptions options;
  private final Supplier<Model> compiler;
  private final List<String> inputNames;
  private @Nullable Plan compiled;
  private boolean special;
  private boolean specialised;
  private final Map<Set<String>, Plan> fetching = new LinkedHashMap<>();
  private @Nullable Plan literal;
  private @Nullable Plan overridable;

  /**
   * @param model as it was given
   * @param compiler makes what ordinary runs run
   * @param postpones whether it may be asked later, where the compilation is better left till the
   *     shapes of a run's inputs are known
   */
  SessionPlans(Model model, Supplier<Model> compiler, boolean postpones, SessionOptions options) {
    this.model = model;
    this.compiler = compiler;
    this.options = options;
    if (postpones && options.optimised() && GraphCompiler.isPostponable(model)) {
      this.special = true;
      this.inputNames = model.graph().requiredInputs().stream().map(ValueInfo::name).toList();
    } else {
      this.inputNames = compiled().ends.inputNames();
    }
  }

  /** The names of the inputs that a run has to give, in the order of the plans. */
  List<String> inputNames() {
    return inputNames;
  }

  /** The plan of ordinary runs. */
  private synchronized Plan compiled() {
    Plan plan = compiled;
    if (plan == null) {
      Model graph = compiler.get();
      plan = Planner.plan(graph, false, this::evaluate);
      special = options.optimised() && GraphCompiler.isSpecialisable(graph);
      compiled = plan;
    }
    return plan;
  }

  /** What binds the plan of ordinary runs to shapes of inputs. */
  synchronized BoundPlans bound() {
    return new BoundPlans(
        inputNames, this::compiled, options, this::evaluate, special ? this::specialise : null);
  }

  /**
   * The plan for inputs of fixed types and shapes, in the plan's order; null where that is none
   * other than the plan for all, which is not known before there is a second one.
   */
  private synchronized @Nullable Plan specialise(List<TensorSpec> specs) {
    if (specialised) {
      var _ = compiled();
    }
    specialised = true;
    return special
        ? Planner.plan(GraphCompiler.specialise(model, specs), false, this::evaluate)
        : null;
  }

  /** The plan of the graph as the model has it. */
  synchronized Plan literal() {
    if (!options.optimised()) {
      return compiled();
    }
    if (literal == null) {
      literal = Planner.plan(model, false, this::evaluate);
    }
    return literal;
  }

  /** The plan of the graph as the model has it, whose initializers a run may replace. */
  synchronized Plan overridable() {
    if (overridable == null) {
      overridable = Planner.plan(model, true, this::evaluate);
    }
    return overridable;
  }

  /** A plan in which the named values exist. */
  Plan fetching(Set<String> names) {
    Plan plan = compiled();
    return !options.optimised() || plan.slots.keySet().containsAll(names)
        ? plan
        : knownOrMade(names);
  }

  private synchronized Plan knownOrMade(Set<String> names) {
    Plan known = fetching.get(names);
    if (known != null) {
      return known;
    }
    if (fetching.size() >= MOST_FETCHING) {
      return literal();
    }
    Plan made = Planner.plan(GraphCompiler.compile(model, names), false, this::evaluate);
    fetching.put(names, made);
    return made;
  }

  private @Nullable List<@Nullable Value> evaluate(Plan.Step step, List<@Nullable Value> values) {
    try {
      return Execution.evaluate(
          new RunMemory(options.memoryLimit()), options.threads(), step, values);
    } catch (GraphException e) {
      // The branch that holds the node may never run; if it does, the error comes up then.
      return null;
    }
  }

  /** Closes the plans, which nobody may run any more. */
  @Override
  public synchronized void close() {
    if (compiled != null) {
      compiled.close();
    }
    fetching.values().forEach(Plan::close);
    if (literal != null) {
      literal.close();
    }
    if (overridable != null) {
      overridable.close();
    }
  }
}
