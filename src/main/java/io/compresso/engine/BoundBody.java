package io.compresso.engine;

import io.compresso.engine.BoundPlan.Home;
import io.compresso.engine.BoundPlan.Place;
import io.compresso.op.LoweredBody;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A subgraph bound as its graph is, for inputs of fixed types and shapes. Its plan's inputs are the
 * subgraph's own and then the values around it that it reads, which stay where they are.
 */
final class BoundBody implements LoweredBody {
  private final BoundPlan plan;
  private final int[] captured;
  private final List<TensorSpec> outputs;

  private BoundBody(BoundPlan plan, int[] captured, List<TensorSpec> outputs) {
    this.plan = plan;
    this.captured = captured;
    this.outputs = outputs;
  }

  /**
   * Takes a plan over.
   *
   * @param captured the slots of the graph around that are the plan's last inputs
   * @return null, and the plan is closed, where the type or shape of an output does not follow
   */
  static @Nullable BoundBody of(BoundPlan plan, int[] captured) {
    List<TensorSpec> outputs = new ArrayList<>();
    for (int slot : plan.plan.ends.outputs()) {
      Place place = plan.parts.places()[slot];
      if (place != null) {
        outputs.add(place.spec());
      } else if (plan.parts.constants()[slot] instanceof Tensor tensor
          && tensor.dtype() != DType.STRING) {
        outputs.add(TensorSpec.of(tensor));
      } else {
        plan.close();
        return null;
      }
    }
    return new BoundBody(plan, captured, List.copyOf(outputs));
  }

  BoundPlan plan() {
    return plan;
  }

  /** The slots of the graph around whose values follow the inputs. */
  int[] captured() {
    return captured;
  }

  @Override
  public List<TensorSpec> outputs() {
    return outputs;
  }

  @Override
  public int passedOn(int output) {
    Place place = plan.parts.places()[plan.plan.ends.outputs()[output]];
    int given = plan.parts.inputs().size() - captured.length;
    if (place == null || place.home() != Home.INPUT || place.index() >= given) {
      return -1;
    }
    boolean whole =
        place.offset() == 0 && place.spec().equals(plan.parts.inputs().get(place.index()));
    return whole ? place.index() : -1;
  }

  @Override
  public long workspaceBytes() {
    return plan.parts.arenaBytes();
  }
}
