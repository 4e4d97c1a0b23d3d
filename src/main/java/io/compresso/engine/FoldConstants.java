package io.compresso.engine;

import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Pass;
import io.compresso.graph.Patch;
import io.compresso.op.Operator;
import io.compresso.op.OperatorCatalog;
import io.compresso.op.Reference;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Computes the nodes that depend on constants alone, so that their values become initializers. What
 * is left as it is: nodes that give a graph's output, hold subgraphs, draw random numbers or would
 * make the model larger than {@code maxBytes} each, and the dequantization of weights, whose
 * smallness is the point.
 */
public final class FoldConstants implements Pass {
  private static final Set<String> KEPT =
      Set.of("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear");

  /** The first IR version in which initializers of inputs are defaults, no constants. */
  private static final int FIRST_WITH_DEFAULTS = 4;

  private final long maxBytes;
  private final Set<String> kept;

  /** Folds what takes at most 1 MiB, or no more than what it is computed of. */
  public FoldConstants() {
    this(1 << 20);
  }

  /**
   * Folds what is small.
   *
   * @param maxBytes the largest value, in bytes, that may be larger than what it is computed of
   */
  public FoldConstants(long maxBytes) {
    this(maxBytes, KEPT);
  }

  private FoldConstants(long maxBytes, Set<String> kept) {
    this.maxBytes = maxBytes;
    this.kept = kept;
  }

  /** Folds also the quantization of constants. */
  public static FoldConstants ofQuantized() {
    return new FoldConstants(1 << 20, Set.of("DequantizeLinear"));
  }

  /** Folds what is computed of small constants, dequantization too. */
  public static FoldConstants ofSmall() {
    return new FoldConstants(1 << 12, Set.of());
  }

  @Override
  public Patch patch(Model model) {
    Patch patch = new Patch();
    Graph graph = model.graph();
    Map<String, Value> constants = new HashMap<>(graph.initializers());
    if (model.irVersion() >= FIRST_WITH_DEFAULTS) {
      graph.inputs().forEach(input -> constants.remove(input.name()));
    }
    Set<String> outputs = new HashSet<>();
    graph.outputs().forEach(output -> outputs.add(output.name()));
    for (Node node : graph.nodes()) {
      if (!dependsOnConstants(node, constants) || !Collections.disjoint(node.outputs(), outputs)) {
        continue;
      }
      List<@Nullable Value> values = fold(model, node, constants);
      if (values == null) {
        continue;
      }
      patch.remove(node);
      for (int i = 0; i < node.outputs().size(); i++) {
        String name = node.outputs().get(i);
        if (!name.isEmpty() && values.get(i) instanceof Tensor tensor) {
          patch.initializer(name, tensor);
          constants.put(name, tensor);
        }
      }
    }
    return patch;
  }

  private static boolean dependsOnConstants(Node node, Map<String, Value> constants) {
    for (String input : node.inputs()) {
      if (!input.isEmpty() && !constants.containsKey(input)) {
        return false;
      }
    }
    return true;
  }

  private @Nullable List<@Nullable Value> fold(
      Model model, Node node, Map<String, Value> constants) {
    Reference reference =
        OperatorCatalog.find(node.domain(), node.opType())
            .flatMap(Operator::reference)
            .orElse(null);
    if (reference == null || kept.contains(node.opType()) || !Planner.isPure(node)) {
      return null;
    }
    List<@Nullable Value> inputs = new ArrayList<>();
    int[] slots = new int[node.inputs().size()];
    long bytes = 0;
    for (int i = 0; i < slots.length; i++) {
      String name = node.input(i);
      Value value = name == null ? null : constants.get(name);
      if (name != null && value == null) {
        return null;
      }
      slots[i] = name == null ? Plan.NONE : i;
      inputs.add(value);
      bytes += value instanceof Tensor tensor ? tensor.byteSize() : 0;
    }
    if (kept.isEmpty() && bytes > maxBytes) {
      return null;
    }
    int opset = model.opsetImports().getOrDefault(node.domain(), 1);
    Plan.Step step =
        new Plan.Step(node, opset, reference, null, Plan.Step.noBodies(), slots, new int[0]);
    List<@Nullable Value> values;
    try {
      // Room for the result and as much again to work in.
      RunMemory memory = new RunMemory(4 * (maxBytes + bytes));
      values = Execution.evaluate(memory, 1, step, inputs);
    } catch (GraphException e) {
      return null;
    }
    for (int i = 0; i < node.outputs().size(); i++) {
      boolean named = !node.outputs().get(i).isEmpty();
      Value value = i < values.size() ? values.get(i) : null;
      boolean fits =
          value instanceof Tensor tensor
              && (tensor.byteSize() <= maxBytes || tensor.byteSize() <= bytes);
      if (named && !fits && !(node.is("Constant") && value instanceof Tensor)) {
        return null;
      }
    }
    return values;
  }
}
