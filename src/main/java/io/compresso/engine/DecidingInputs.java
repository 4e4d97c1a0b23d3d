package io.compresso.engine;

import io.compresso.engine.Plan.Step;
import io.compresso.graph.Graph;
import io.compresso.graph.Node;
import io.compresso.op.Inferred;
import io.compresso.op.ShapeContext;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the inputs of a plan that is being bound whose values tell shapes that do not follow
 * otherwise, such as lengths of sequences and targets of a reshape. Not those of loops: how often
 * they run changes, and empty ones have shapes of their own.
 */
final class DecidingInputs {
  /** The most elements of such an input. */
  private static final int MOST_ELEMENTS = 8;

  private final Plan plan;
  private final @Nullable Value[] constants;

  /** The slots of values that shapes follow from. */
  private final BitSet slots = new BitSet();

  /**
   * @param constants by slot, as they become known
   */
  DecidingInputs(Plan plan, @Nullable Value[] constants) {
    this.plan = plan;
    this.constants = constants;
  }

  /** What the shape rule of a step sees whose outputs do not follow: unknown values are noted. */
  ShapeContext noting(Step step, ShapeContext context) {
    return new NotingContext(
        context,
        index -> {
          int slot = index < step.inputs.length ? step.inputs[index] : Plan.NONE;
          if (slot != Plan.NONE && constants[slot] == null) {
            slots.set(slot);
          }
        });
  }

  /**
   * The indices of the inputs; none where the noted values depend on others, too.
   *
   * @param inputs of the plan's inputs, in their order
   */
  BitSet find(List<TensorSpec> inputs) {
    BitSet found = new BitSet();
    if (slots.isEmpty()) {
      return found;
    }
    BitSet reached = (BitSet) slots.clone();
    for (int i = plan.steps.size() - 1; i >= 0; i--) {
      Step step = plan.steps.get(i);
      for (int output : step.outputs) {
        if (output != Plan.NONE && reached.get(output)) {
          if (!step.bodies.isEmpty()) {
            return new BitSet();
          }
          reach(step.inputs, reached);
        }
      }
    }
    for (int i = 0; i < inputs.size(); i++) {
      if (reached.get(plan.ends.inputs()[i])) {
        TensorSpec spec = inputs.get(i);
        if (!spec.dtype().isInteger() || spec.shape().size() > MOST_ELEMENTS) {
          return new BitSet();
        }
        found.set(i);
      }
    }
    return found;
  }

  private void reach(int[] inputs, BitSet reached) {
    for (int input : inputs) {
      if (input != Plan.NONE && constants[input] == null) {
        reached.set(input);
      }
    }
  }

  /** Another context that tells which values are asked for. */
  private record NotingContext(ShapeContext context, IntConsumer asked) implements ShapeContext {
    @Override
    public Node node() {
      return context.node();
    }

    @Override
    public int opset() {
      return context.opset();
    }

    @Override
    public Inferred input(int index) {
      return context.input(index);
    }

    @Override
    public @Nullable Tensor constant(int index) {
      asked.accept(index);
      return context.constant(index);
    }

    @Override
    public List<Inferred> infer(Graph body, List<Inferred> inputs) {
      return context.infer(body, inputs);
    }
  }
}
