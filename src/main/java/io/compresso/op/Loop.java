package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Runs its body while a trip count and a condition last. Values that the body carries come first
 * among the outputs, then what each turn gave, stacked.
 */
final class Loop extends StandardOperator {
  /** How often less is taken to be known of the carried values, before nothing is. */
  private static final int MOST_LOOSENED = 4;

  Loop() {
    super("Loop", 1, 11, 13, 16, 19, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      Graph body = Bodies.body(context.node());
      int carried = Math.max(0, context.node().inputs().size() - 2);
      List<Inferred> inputs = new ArrayList<>();
      inputs.add(Inferred.tensor(DType.INT64, List.of()));
      inputs.add(Inferred.tensor(DType.BOOL, List.of()));
      for (int i = 0; i < carried; i++) {
        inputs.add(Inferred.of(context.input(i + 2).type()));
      }
      List<Inferred> outputs = context.infer(body, inputs);
      for (int round = 0; !isStable(inputs, outputs, carried); round++) {
        for (int i = 0; i < carried; i++) {
          inputs.set(
              i + 2,
              round < MOST_LOOSENED
                  ? loosened(inputs.get(i + 2), outputs, i + 1)
                  : Inferred.UNKNOWN);
        }
        outputs = context.infer(body, inputs);
      }
      Tensor trips = context.constant(0);
      Dim turns =
          trips != null && trips.size() == 1 && goesOn(context.node(), body, context.constant(1))
              ? Dim.of(Math.max(0, trips.getLong(0)))
              : Dim.UNKNOWN;
      List<Inferred> result = new ArrayList<>();
      for (int i = 1; i < outputs.size(); i++) {
        if (i <= carried) {
          result.add(Inferred.of(Dims.either(inputs.get(i + 1).type(), outputs.get(i).type())));
        } else {
          result.add(Bodies.stacked(outputs.get(i).type(), 0, turns));
        }
      }
      return result;
    };
  }

  /** Whether what is taken for the carried values holds after a turn, so that it always does. */
  private static boolean isStable(List<Inferred> inputs, List<Inferred> outputs, int carried) {
    for (int i = 0; i < carried && i + 1 < outputs.size(); i++) {
      ValueType taken = inputs.get(i + 2).type();
      if (!Dims.either(taken, outputs.get(i + 1).type()).equals(taken)) {
        return false;
      }
    }
    return true;
  }

  private static Inferred loosened(Inferred input, List<Inferred> outputs, int index) {
    if (index >= outputs.size()) {
      return input;
    }
    return Inferred.of(Dims.either(input.type(), outputs.get(index).type()));
  }

  /** Whether the condition holds at the beginning and after each turn, whatever is computed. */
  private static boolean goesOn(Node node, Graph body, @Nullable Tensor condition) {
    boolean begins =
        node.input(1) == null
            || condition != null && condition.size() == 1 && condition.getLong(0) != 0;
    if (!begins || body.inputs().size() < 2 || body.outputs().isEmpty()) {
      return false;
    }
    String name = body.outputs().getFirst().name();
    for (int i = 0; i <= body.nodes().size(); i++) {
      if (name.equals(body.inputs().get(1).name())) {
        return true;
      }
      Tensor constant = body.initializers().get(name);
      if (constant != null) {
        return constant.size() == 1 && constant.getLong(0) != 0;
      }
      String from = source(body, name);
      if (from == null) {
        return false;
      }
      name = from;
    }
    return false;
  }

  /** What the named value is a copy of, or null. */
  private static @Nullable String source(Graph body, String name) {
    return body.nodes().stream()
        .filter(node -> node.is("Identity") && name.equals(node.output(0)))
        .findFirst()
        .map(node -> node.input(0))
        .orElse(null);
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    Node node = context.node();
    Graph body = Bodies.body(node);
    TensorSpec trips = context.inputOrNull(0);
    TensorSpec condition = context.inputOrNull(1);
    if (trips != null && !isScalar(trips, DType.INT64)
        || condition != null && !isScalar(condition, DType.BOOL)) {
      return null;
    }
    int carried = Math.max(0, context.inputCount() - 2);
    List<TensorSpec> inputs = new ArrayList<>();
    inputs.add(new TensorSpec(DType.INT64, Shape.SCALAR));
    inputs.add(new TensorSpec(DType.BOOL, Shape.SCALAR));
    for (int i = 0; i < carried; i++) {
      inputs.add(context.input(i + 2));
    }
    Turns turns = Turns.of(context.body(body, inputs), inputs, new Turns.States(carried, 2, 1, 2));
    if (turns == null || !isScalar(turns.outputs().getFirst(), DType.BOOL)) {
      return null;
    }
    int scans = turns.outputs().size() - 1 - carried;
    boolean counted = context.isFixed(0) && trips != null;
    if (scans > 0 && !(counted && goesOn(node, body, context.constant(1)))) {
      return null;
    }
    return Lowered.of(buffers -> bind(buffers, turns, carried, scans))
        .withWorkspace(turns.workspaceBytes());
  }

  private static boolean isScalar(TensorSpec spec, DType dtype) {
    return spec.dtype() == dtype && spec.shape().size() == 1;
  }

  private static Lowered.Call bind(Lowered.Buffers buffers, Turns turns, int carried, int scans) {
    Turns.Bound bound = turns.bind(buffers);
    MemorySegment trips = buffers.input(0);
    MemorySegment condition = buffers.input(1);
    MemorySegment goesOn = bound.output(0);
    MemorySegment[] stacks = new MemorySegment[scans];
    Arrays.setAll(stacks, i -> buffers.output(carried + i));
    return () -> {
      long most =
          trips.byteSize() == 0 ? Long.MAX_VALUE : trips.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
      boolean on = condition.byteSize() == 0 || condition.get(ValueLayout.JAVA_BYTE, 0) != 0;
      bound.begin();
      long turn = 0;
      while (turn < most && on) {
        bound.input(0).set(ValueLayout.JAVA_LONG_UNALIGNED, 0, turn);
        bound.input(1).set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
        bound.turn(turn);
        on = goesOn.get(ValueLayout.JAVA_BYTE, 0) != 0;
        for (int i = 0; i < scans; i++) {
          MemorySegment part = bound.output(1 + carried + i);
          MemorySegment stack = stacks[i];
          if (stack.byteSize() > 0) {
            MemorySegment.copy(part, 0, stack, turn * part.byteSize(), part.byteSize());
          }
        }
        turn++;
      }
      bound.end(turn);
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> run(context, Bodies.body(context.node())));
  }

  private static List<Value> run(OpContext context, Graph body) {
    Tensor trips = context.tensorOrNull(0);
    Tensor condition = context.tensorOrNull(1);
    long most = trips == null ? Long.MAX_VALUE : trips.getLong(0);
    boolean on = condition == null || condition.getLong(0) != 0;
    int carried = Math.max(0, context.inputCount() - 2);
    if (body.outputs().size() < carried + 1) {
      throw context.error("body gives " + body.outputs().size() + " outputs, too few");
    }
    List<Value> values = new ArrayList<>();
    for (int i = 0; i < carried; i++) {
      Value value = context.input(i + 2);
      if (value == null) {
        throw context.error("input " + (i + 2) + " is missing");
      }
      values.add(value);
    }
    int scans = body.outputs().size() - 1 - carried;
    List<List<Tensor>> stacks = new ArrayList<>();
    for (int i = 0; i < scans; i++) {
      stacks.add(new ArrayList<>());
    }
    for (long turn = 0; turn < most && on; turn++) {
      List<Value> inputs = new ArrayList<>();
      inputs.add(Tensor.scalar(turn));
      inputs.add(Tensor.ofBytes(DType.BOOL, Shape.SCALAR, (byte) 1));
      inputs.addAll(values);
      List<Value> outputs = context.run(body, Bodies.bind(context.node(), body, inputs));
      on = tensor(context, outputs.getFirst()).getLong(0) != 0;
      values = new ArrayList<>(outputs.subList(1, carried + 1));
      for (int i = 0; i < scans; i++) {
        stacks.get(i).add(tensor(context, outputs.get(carried + 1 + i)));
      }
    }
    for (int i = 0; i < scans; i++) {
      values.add(Bodies.stack(context, stacks.get(i), body.outputs().get(carried + 1 + i), 0));
    }
    return values;
  }

  private static Tensor tensor(OpContext context, Value value) {
    if (value instanceof Tensor tensor) {
      return tensor;
    }
    throw context.error("an output of the body is no tensor");
  }
}
