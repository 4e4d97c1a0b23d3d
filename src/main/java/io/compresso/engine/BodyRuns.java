package io.compresso.engine;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs of a subgraph whose node is left to its reference: by bound plans where the types and shapes
 * of what it reads are those of the call before, so that they are likely to come again.
 * Thread-safe.
 */
final class BodyRuns implements AutoCloseable {
  private final Plan plan;
  private final List<String> names;
  private @Nullable BoundPlans bound;
  private List<TensorSpec> last = List.of();
  private boolean closed;

  /**
   * @param body the subgraph's plan
   */
  BodyRuns(Plan body) {
    names = new ArrayList<>(body.ends.inputNames());
    int own = names.size();
    int[] slots = new int[own + body.captures.size()];
    System.arraycopy(body.ends.inputs(), 0, slots, 0, own);
    for (int i = 0; i < body.captures.size(); i++) {
      slots[own + i] = body.captures.get(i).inner();
      // No name of a value, so that it hides none.
      names.add("captured value\0" + i);
    }
    plan =
        new Plan(
            body.steps,
            new Plan.Interface(List.copyOf(names), slots, body.ends.outputs()),
            List.of(),
            body.slots,
            body.constants);
  }

  /**
   * Who runs a subgraph.
   *
   * @param profile receives what the subgraph's nodes cost; null when nobody asks
   */
  record Caller(Node node, RunMemory memory, RunOptions options, @Nullable RunProfile profile) {}

  /**
   * The outputs, in memory of the caller's; null where the subgraph has to be run as it is.
   *
   * @param values of the subgraph's inputs, and then of what it reads around it
   * @param place gives memory for an output
   */
  @Nullable List<Value> run(
      Caller caller,
      List<? extends @Nullable Value> values,
      Function<TensorSpec, Tensor> place,
      BoundPlansMaker maker) {
    Map<String, Value> given = new HashMap<>();
    List<TensorSpec> specs = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      if (!(values.get(i) instanceof Tensor tensor)) {
        return null;
      }
      given.put(names.get(i), tensor);
      specs.add(new TensorSpec(tensor.dtype(), tensor.shape()));
    }
    BoundPlans plans = plans(specs, maker);
    BoundPlans.Entry entry = plans == null ? null : plans.begin(given);
    if (plans == null || entry == null) {
      return null;
    }
    long bytes = entry.plan().bytes();
    PlanMemory own = null;
    boolean reusable = false;
    boolean reserved = false;
    try {
      caller.memory.reserve(caller.node, bytes);
      reserved = true;
      own = plans.take(entry);
      for (int i = 0; i < values.size(); i++) {
        if (values.get(i) instanceof Tensor tensor) {
          own.input(i).segment().copyFrom(tensor.segment());
        }
      }
      own.run(caller.options, caller.profile);
      List<Value> outputs = new ArrayList<>();
      for (int i = 0; i < plan.ends.outputs().length; i++) {
        if (own.output(i) instanceof Tensor tensor && tensor.dtype() != DType.STRING) {
          Tensor copy = place.apply(TensorSpec.of(tensor));
          copy.segment().copyFrom(tensor.segment());
          outputs.add(copy);
        } else {
          Value value = own.takeOutput(i);
          if (value == null) {
            return null;
          }
          outputs.add(value);
        }
      }
      own.clear();
      reusable = true;
      return outputs;
    } catch (PlanMemory.UnexpectedShape e) {
      plans.disable();
      return null;
    } finally {
      if (own != null) {
        plans.give(entry, own, reusable);
      }
      plans.end(entry);
      if (reserved) {
        caller.memory.unreserve(bytes);
      }
    }
  }

  /** Makes what holds the bound plans of a closed plan. */
  @FunctionalInterface
  interface BoundPlansMaker {
    BoundPlans make(Plan closed);
  }

  private synchronized @Nullable BoundPlans plans(List<TensorSpec> specs, BoundPlansMaker maker) {
    boolean again = specs.equals(last);
    last = specs;
    if (!again || closed) {
      return null;
    }
    BoundPlans plans = bound;
    if (plans == null) {
      plans = maker.make(plan);
      bound = plans;
    }
    return plans;
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (bound != null) {
      bound.close();
    }
  }
}
