package io.compresso.engine;

import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
  private final Plan compiled;
  private final boolean special;
  private final Map<Set<String>, Plan> fetching = new LinkedHashMap<>();
  private @Nullable Plan literal;
  private @Nullable Plan overridable;

  /**
   * @param model as it was given
   * @param compiled what ordinary runs run
   */
  SessionPlans(Model model, Model compiled, SessionOptions options) {
    this.model = model;
    this.options = options;
    this.compiled = Planner.plan(compiled, false, this::evaluate);
    this.special = options.optimised() && GraphCompiler.isSpecialisable(compiled);
  }

  /** The plan of ordinary runs. */
  Plan compiled() {
    return compiled;
  }

  /** What binds the plan of ordinary runs to shapes of inputs. */
  BoundPlans bound() {
    return new BoundPlans(compiled, options, this::evaluate, special ? this::specialise : null);
  }

  /** The plan for inputs of fixed types and shapes, in the plan's order. */
  private Plan specialise(List<TensorSpec> specs) {
    return Planner.plan(GraphCompiler.specialise(model, specs), false, this::evaluate);
  }

  /** The plan of the graph as the model has it. */
  synchronized Plan literal() {
    if (!options.optimised()) {
      return compiled;
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
    return !options.optimised() || compiled.slots.keySet().containsAll(names)
        ? compiled
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
      return new Execution(
              new RunMemory(options.memoryLimit()), RunOptions.plain(), options.threads())
          .evaluate(step, values);
    } catch (GraphException e) {
      // The branch that holds the node may never run; if it does, the error comes up then.
      return null;
    }
  }

  /** Closes the plans, which nobody may run any more. */
  @Override
  public synchronized void close() {
    compiled.close();
    fetching.values().forEach(Plan::close);
    if (literal != null) {
      literal.close();
    }
    if (overridable != null) {
      overridable.close();
    }
  }
}
