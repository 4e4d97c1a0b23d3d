package io.compresso.op;

import io.compresso.graph.Graph;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Runs its body on the elements of sequences; other inputs are the same in each turn. */
final class SequenceMap extends StandardOperator {
  SequenceMap() {
    super("SequenceMap", 17);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Inferred> inputs = new ArrayList<>();
      for (int i = 0; i < context.node().inputs().size(); i++) {
        boolean sequence = context.input(i).type() instanceof ValueType.SequenceType;
        inputs.add(Inferred.of(sequence ? Sequences.element(context, i) : context.input(i).type()));
      }
      List<Inferred> result = new ArrayList<>();
      for (Inferred output : context.infer(Bodies.body(context.node()), inputs)) {
        result.add(Inferred.of(new ValueType.SequenceType(output.type())));
      }
      return result;
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Graph body = Bodies.body(context.node());
      int length = Sequences.input(context, 0).elements().size();
      List<List<Value>> results = new ArrayList<>();
      for (int i = 0; i < body.outputs().size(); i++) {
        results.add(new ArrayList<>());
      }
      for (int turn = 0; turn < length; turn++) {
        List<Value> outputs =
            context.run(body, Bodies.bind(context.node(), body, arguments(context, length, turn)));
        for (int i = 0; i < results.size(); i++) {
          results.get(i).add(outputs.get(i));
        }
      }
      List<Value> sequences = new ArrayList<>();
      for (int i = 0; i < results.size(); i++) {
        DType dtype =
            length > 0 && results.get(i).getFirst() instanceof Tensor first
                ? first.dtype()
                : body.outputs().get(i).type() instanceof ValueType.TensorType(DType declared, _)
                    ? declared
                    : DType.FLOAT;
        sequences.add(new TensorSequence(dtype, results.get(i)));
      }
      return sequences;
    });
  }

  private static List<Value> arguments(OpContext context, int length, int turn) {
    List<Value> arguments = new ArrayList<>();
    for (int i = 0; i < context.inputCount(); i++) {
      Value value = Sequences.value(context, i);
      if (value instanceof TensorSequence sequence) {
        if (sequence.elements().size() != length) {
          throw context.error("sequences of " + length + " and " + sequence.elements().size());
        }
        arguments.add(sequence.elements().get(turn));
      } else {
        arguments.add(value);
      }
    }
    return arguments;
  }
}
