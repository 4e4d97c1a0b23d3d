package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Runs its body while a trip count and a condition last. Values that the body carries come first
 * among the outputs, then what each turn gave, stacked.
 */
final class Loop extends StandardOperator {
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
        inputs.add(context.input(i + 2));
      }
      List<Inferred> outputs = context.infer(body, inputs);
      boolean stable = true;
      for (int i = 0; i < carried && i + 1 < outputs.size(); i++) {
        stable &= outputs.get(i + 1).type().equals(context.input(i + 2).type());
      }
      if (!stable) {
        for (int i = 0; i < carried; i++) {
          inputs.set(i + 2, loosened(context.input(i + 2), outputs, i + 1));
        }
        outputs = context.infer(body, inputs);
      }
      List<Inferred> result = new ArrayList<>();
      for (int i = 1; i < outputs.size(); i++) {
        if (i <= carried) {
          result.add(Inferred.of(Dims.either(inputs.get(i + 1).type(), outputs.get(i).type())));
        } else {
          result.add(Bodies.stacked(outputs.get(i).type(), 0, Dim.UNKNOWN));
        }
      }
      return result;
    };
  }

  private static Inferred loosened(Inferred input, List<Inferred> outputs, int index) {
    if (index >= outputs.size()) {
      return input;
    }
    return Inferred.of(Dims.either(input.type(), outputs.get(index).type()));
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
