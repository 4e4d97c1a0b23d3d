package io.compresso.engine;

import io.compresso.engine.Plan.Step;
import io.compresso.graph.Graph;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.op.Inferred;
import io.compresso.op.Operator;
import io.compresso.op.OperatorCatalog;
import io.compresso.op.ShapeContext;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is known before a run about the values of a plan that is being bound: their types and
 * shapes, and those that follow from constants and shapes alone.
 */
final class KnownValues {
  /** Values that are computed here, of constants alone, may take so much more than these. */
  private static final long MOST_FOLDED = 1 << 20;

  /** Constants of so many bytes at most are compared. */
  private static final int MOST_COMPARED = 256;

  /** Binds a subgraph of a step. */
  @FunctionalInterface
  interface BodyBinder {
    /** The subgraph for inputs of these types and shapes; null where its outputs' do not follow. */
    @Nullable BoundBody get(Graph body, List<TensorSpec> inputs);
  }

  /**
   * What is known about the outputs of a step.
   *
   * @param specs their types and shapes
   * @param constants their values, if they are constants; else null
   */
  record Outputs(List<TensorSpec> specs, @Nullable List<? extends @Nullable Value> constants) {}

  private final Plan plan;
  private final Planner.ConstantEvaluator evaluator;

  /** By slot; null for what a run tells. */
  private final @Nullable Value[] constants;

  /** Has the types and shapes of the others. */
  private final Placement placement;

  private final DecidingInputs deciding;

  /**
   * @param constants by slot, those of the plan and of what is around it; what follows is added
   * @param evaluator computes nodes that depend on constants and shapes alone
   */
  KnownValues(
      Plan plan,
      @Nullable Value[] constants,
      Placement placement,
      Planner.ConstantEvaluator evaluator) {
    this.plan = plan;
    this.constants = constants;
    this.placement = placement;
    this.evaluator = evaluator;
    this.deciding = new DecidingInputs(plan, constants);
  }

  /** Input {@code index} of the step, if it is a constant tensor, or null. */
  @Nullable Tensor constant(Step step, int index) {
    return index < step.inputs.length
            && step.inputs[index] != Plan.NONE
            && constants[step.inputs[index]] instanceof Tensor tensor
        ? tensor
        : null;
  }

  /** The type and shape of input {@code index} of the step; null where only a run tells them. */
  @Nullable TensorSpec specOrNull(Step step, int index) {
    if (index >= step.inputs.length || step.inputs[index] == Plan.NONE) {
      return null;
    }
    TensorSpec spec = placement.specOrNull(step.inputs[index]);
    Tensor constant = spec == null ? constant(step, index) : null;
    return constant == null ? spec : TensorSpec.of(constant);
  }

  /** Whether the types and shapes of all inputs of the step are known. */
  boolean areInputsKnown(Step step) {
    for (int i = 0; i < step.inputs.length; i++) {
      if (step.inputs[i] != Plan.NONE && specOrNull(step, i) == null) {
        return false;
      }
    }
    return true;
  }

  /**
   * The constants among the step's inputs that are not the plan's: those that another binding may
   * have otherwise.
   */
  List<Object> ownConstants(Step step) {
    List<Object> own = new ArrayList<>(0);
    for (int slot : step.inputs) {
      Value value = slot == Plan.NONE ? null : constants[slot];
      if (value != null && value != plan.constants[slot]) {
        own.add(
            value instanceof Tensor tensor && tensor.dtype() != DType.STRING
                ? tensor.segment()
                : value);
      }
    }
    return own;
  }

  /** Whether the step's inputs are known as they are in another bound plan of the same plan. */
  boolean areInputsLike(BoundPlan other, Step step) {
    for (int slot : step.inputs) {
      if (slot != Plan.NONE && !isLike(other, slot)) {
        return false;
      }
    }
    return true;
  }

  private boolean isLike(BoundPlan other, int slot) {
    BoundPlan.Place place = other.parts.places()[slot];
    return Objects.equals(placement.specOrNull(slot), place == null ? null : place.spec())
        && isSame(constants[slot], other.parts.constants()[slot]);
  }

  private static boolean isSame(@Nullable Value a, @Nullable Value b) {
    return a == b
        || a instanceof Tensor one
            && b instanceof Tensor other
            && one.byteSize() <= MOST_COMPARED
            && one.dtype() != DType.STRING
            && TensorSpec.of(one).equals(TensorSpec.of(other))
            && one.segment().mismatch(other.segment()) < 0;
  }

  /**
   * Finds out about a step's outputs. Those that are constants are known as such from now on.
   *
   * @return null where types and shapes do not follow
   */
  @Nullable Outputs infer(Step step, BodyBinder bodies) {
    Shapes shapes = new Shapes(step, bodies);
    List<Inferred> inferred = infer(step, shapes);
    List<TensorSpec> outputs = specs(step, inferred);
    if (outputs == null) {
      if (step.bodies.isEmpty()) {
        infer(step, deciding.noting(step, shapes));
      }
      return null;
    }
    List<? extends @Nullable Value> values = ofShapes(step, inferred);
    if (values == null) {
      values = fold(step, outputs);
    }
    if (values != null) {
      setConstants(step, values);
    }
    return new Outputs(outputs, values);
  }

  /** Makes constants of the step's outputs. */
  void setConstants(Step step, List<? extends @Nullable Value> values) {
    for (int i = 0; i < step.outputs.length; i++) {
      if (step.outputs[i] != Plan.NONE) {
        constants[step.outputs[i]] = values.get(i);
      }
    }
  }

  /**
   * The inputs of the plan whose values would tell what does not follow without.
   *
   * @param inputs of the plan's inputs, in their order
   */
  BitSet decidingInputs(List<TensorSpec> inputs) {
    return deciding.find(inputs);
  }

  /** What a node gives that depends on constants alone; null for others. */
  private @Nullable List<? extends @Nullable Value> fold(Step step, List<TensorSpec> outputs) {
    if (step.reference == null || !Planner.isPure(step.node)) {
      return null;
    }
    List<@Nullable Value> inputs = new ArrayList<>();
    long bytes = MOST_FOLDED;
    for (int slot : step.inputs) {
      Value value = slot == Plan.NONE ? null : constants[slot];
      if (value == null && slot != Plan.NONE) {
        return null;
      }
      inputs.add(value);
      bytes += value instanceof Tensor tensor ? tensor.byteSize() : 0;
    }
    long needed = 0;
    for (int i = 0; i < step.outputs.length; i++) {
      needed += step.outputs[i] == Plan.NONE ? 0 : outputs.get(i).bytes();
    }
    List<? extends @Nullable Value> values =
        needed > bytes ? null : evaluator.evaluate(step, inputs);
    if (values == null) {
      return null;
    }
    for (int i = 0; i < step.outputs.length; i++) {
      if (step.outputs[i] != Plan.NONE
          && !(i < values.size()
              && values.get(i) instanceof Tensor tensor
              && TensorSpec.of(tensor).equals(outputs.get(i)))) {
        return null;
      }
    }
    return values;
  }

  /** The outputs that follow from shapes, such as those of {@code Shape}; null for others. */
  private static @Nullable List<? extends @Nullable Value> ofShapes(
      Step step, List<Inferred> inferred) {
    @Nullable Tensor[] values = new Tensor[step.outputs.length];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          i < inferred.size() ? ShapeInference.constantOf(step.node, inferred.get(i)) : null;
      if (values[i] == null) {
        return null;
      }
    }
    return values.length > 0 ? Arrays.asList(values) : null;
  }

  /** What the shape rule says; nothing where it cannot be asked or refuses. */
  private static List<Inferred> infer(Step step, ShapeContext context) {
    Optional<Operator> operator = OperatorCatalog.find(step.node.domain(), step.node.opType());
    if (step.function != null || operator.isEmpty()) {
      return List.of();
    }
    try {
      return operator.get().shapeRule().infer(context);
    } catch (RuntimeException e) {
      // The reference says what is wrong, if it comes to a run.
      return List.of();
    }
  }

  /** The types and shapes of the node's outputs; null when they are not all known. */
  private static @Nullable List<TensorSpec> specs(Step step, List<Inferred> inferred) {
    List<TensorSpec> specs = new ArrayList<>();
    for (int i = 0; i < step.outputs.length; i++) {
      Inferred output = i < inferred.size() ? ShapeInference.clean(inferred.get(i)) : null;
      Shape shape = null;
      if (output != null && output.type() instanceof TensorType type) {
        shape = type.dtype() == DType.STRING ? null : type.shapeOrNull();
        if (shape != null) {
          specs.add(new TensorSpec(type.dtype(), shape));
        }
      }
      if (shape == null) {
        if (step.outputs[i] != Plan.NONE) {
          return null;
        }
        specs.add(new TensorSpec(DType.FLOAT, Shape.of(0)));
      }
    }
    return specs;
  }

  /** What a shape rule sees. */
  private final class Shapes implements ShapeContext {
    private final Step step;
    private final BodyBinder bodies;

    private Shapes(Step step, BodyBinder bodies) {
      this.step = step;
      this.bodies = bodies;
    }

    @Override
    public Node node() {
      return step.node;
    }

    @Override
    public int opset() {
      return step.opset;
    }

    @Override
    public Inferred input(int index) {
      Tensor constant = KnownValues.this.constant(step, index);
      if (constant != null) {
        return ShapeInference.ofConstant(constant);
      }
      TensorSpec spec = specOrNull(step, index);
      return spec == null
          ? Inferred.UNKNOWN
          : Inferred.of(ValueType.tensor(spec.dtype(), spec.shape()));
    }

    @Override
    public @Nullable Tensor constant(int index) {
      return KnownValues.this.constant(step, index);
    }

    @Override
    public List<Inferred> infer(Graph body, List<Inferred> inputs) {
      List<TensorSpec> specs = new ArrayList<>();
      for (Inferred input : inputs) {
        Shape shape =
            input.type() instanceof TensorType type && type.dtype() != DType.STRING
                ? type.shapeOrNull()
                : null;
        if (shape == null) {
          return unknown(body);
        }
        specs.add(new TensorSpec(((TensorType) input.type()).dtype(), shape));
      }
      BoundBody bound = bodies.get(body, specs);
      return bound == null
          ? unknown(body)
          : bound.outputs().stream()
              .map(spec -> Inferred.of(ValueType.tensor(spec.dtype(), spec.shape())))
              .toList();
    }

    private static List<Inferred> unknown(Graph body) {
      return body.outputs().stream().map(_ -> Inferred.UNKNOWN).toList();
    }
  }
}
