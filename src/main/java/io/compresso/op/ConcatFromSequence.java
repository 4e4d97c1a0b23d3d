package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSequence;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Joins the tensors of a sequence along an axis, a new one if asked. */
final class ConcatFromSequence extends StandardOperator {
  ConcatFromSequence() {
    super("ConcatFromSequence", 11);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      ValueType element = Sequences.element(context, 0);
      long axis = context.node().intAttribute("axis", 0);
      if (context.node().intAttribute("new_axis", 0) != 0) {
        return List.of(Bodies.stacked(element, axis, Dim.UNKNOWN));
      }
      if (!(element instanceof ValueType.TensorType(DType dtype, List<Dim> dims)) || dims == null) {
        return List.of(Inferred.of(element));
      }
      List<Dim> result = new ArrayList<>(dims);
      result.set(Dims.axis(context, axis, dims.size()), Dim.UNKNOWN);
      return List.of(Inferred.tensor(dtype, result));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      TensorSequence sequence = Sequences.input(context, 0);
      List<Tensor> parts = new ArrayList<>();
      for (int i = 0; i < sequence.elements().size(); i++) {
        parts.add(Sequences.tensor(context, sequence, i));
      }
      if (parts.isEmpty()) {
        throw context.error("the sequence is empty");
      }
      long axis = context.node().intAttribute("axis", 0);
      ValueInfo any = new ValueInfo("element", ValueType.UNKNOWN);
      return List.of(
          context.node().intAttribute("new_axis", 0) != 0
              ? Bodies.stack(context, parts, any, axis)
              : Concat.join(context, parts, axis));
    });
  }
}
