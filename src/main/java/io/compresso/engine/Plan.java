package io.compresso.engine;

import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.GraphVerifier;
import io.compresso.graph.Node;
import io.compresso.op.Reference;
import io.compresso.tensor.Value;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A graph made ready: every value has a slot, every node knows the slots that it reads and writes
 * and those whose values are dead after it.
 */
final class Plan {
  /** The slot of an input that a node omits or an output that nobody reads. */
  static final int NONE = -1;

  /** A value of the graph around a subgraph, and its slot in the subgraph. */
  record Capture(int outer, int inner) {}

  /** Which slots hold what a caller gives and takes. */
  record Interface(List<String> inputNames, int[] inputs, int[] outputs) {}

  final List<Step> steps;
  final Interface ends;
  final List<Capture> captures;
  final Map<String, Integer> slots;

  /** Runs of this plan as a subgraph of a node that is left to its reference. */
  private @Nullable BodyRuns bodyRuns;

  /** A frame before a run: the constants in their slots. */
  final @Nullable Value[] constants;

  Plan(
      List<Step> steps,
      Interface ends,
      List<Capture> captures,
      Map<String, Integer> slots,
      @Nullable Value[] constants) {
    this.steps = steps;
    this.ends = ends;
    this.captures = captures;
    this.slots = slots;
    this.constants = constants;
  }

  synchronized BodyRuns bodyRuns() {
    BodyRuns runs = bodyRuns;
    if (runs == null) {
      runs = new BodyRuns(this);
      bodyRuns = runs;
    }
    return runs;
  }

  boolean isConstant(int slot) {
    return constants[slot] != null;
  }

  /** Closes what the steps have prepared. */
  synchronized void close() {
    if (bodyRuns != null) {
      bodyRuns.close();
    }
    for (Step step : steps) {
      step.close();
      step.bodies.values().forEach(Plan::close);
      if (step.function != null) {
        step.function.close();
      }
    }
  }

  /** One node of a plan. */
  static final class Step {
    final Node node;
    final int opset;
    final @Nullable Reference reference;
    final @Nullable Plan function;
    final Map<Graph, Plan> bodies;
    final int[] inputs;
    final int[] outputs;

    /** The slots whose last reader this is. */
    int[] dead = new int[0];

    private @Nullable Object prepared;

    Step(
        Node node,
        int opset,
        @Nullable Reference reference,
        @Nullable Plan function,
        Map<Graph, Plan> bodies,
        int[] inputs,
        int[] outputs) {
      this.node = node;
      this.opset = opset;
      this.reference = reference;
      this.function = function;
      this.bodies = bodies;
      this.inputs = inputs;
      this.outputs = outputs;
    }

    Plan body(Graph graph) {
      Plan plan = bodies.get(graph);
      if (plan == null) {
        throw new GraphException(node, "runs a graph that is not one of its attributes");
      }
      return plan;
    }

    /** The attribute that holds the subgraph of a plan; for a function its name. */
    String bodyName(Plan body) {
      for (Map.Entry<String, Attribute> attribute : node.attributes().entrySet()) {
        for (Graph graph : GraphVerifier.bodies(attribute.getValue())) {
          if (bodies.get(graph) == body) {
            return attribute.getKey();
          }
        }
      }
      return node.opType();
    }

    @SuppressWarnings("unchecked")
    synchronized <T> T prepared(Supplier<T> make) {
      if (prepared == null) {
        prepared = make.get();
      }
      return (T) prepared;
    }

    private synchronized void close() {
      if (prepared instanceof AutoCloseable closeable) {
        try {
          closeable.close();
        } catch (Exception e) {
          throw new IllegalStateException("closing what " + node.label() + " prepared", e);
        }
      }
      prepared = null;
    }

    static Map<Graph, Plan> noBodies() {
      return Map.of();
    }
  }
}
