package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Joins tensors along an axis. */
final class Concat extends StandardOperator {
  Concat() {
    super("Concat", 1, 4, 11, 13);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> result = null;
      boolean known = true;
      long axis = context.node().intAttribute("axis", 1);
      for (int i = 0; i < context.node().inputs().size(); i++) {
        List<Dim> dims = context.dims(i);
        if (dims == null) {
          known = false;
        } else if (result == null) {
          result = new ArrayList<>(dims);
        } else {
          result = join(context, result, dims, axis);
        }
      }
      if (!known && result != null) {
        result.set(Dims.axis(context, axis, result.size()), Dim.UNKNOWN);
      }
      return List.of(new Inferred(Dims.tensor(context.dtype(0), result).type(), elements(context)));
    };
  }

  private static List<Dim> join(ShapeContext context, List<Dim> left, List<Dim> right, long axis) {
    if (left.size() != right.size()) {
      throw context.error("ranks " + left.size() + " and " + right.size() + " differ");
    }
    int at = Dims.axis(context, axis, left.size());
    List<Dim> result = new ArrayList<>();
    for (int i = 0; i < left.size(); i++) {
      result.add(
          i == at
              ? Dims.plus(left.get(i), right.get(i))
              : Dims.merge(context, left.get(i), right.get(i)));
    }
    return result;
  }

  private static @Nullable List<Dim> elements(ShapeContext context) {
    List<Dim> all = new ArrayList<>();
    for (int i = 0; i < context.node().inputs().size(); i++) {
      List<Dim> elements = Dims.elements(context, i);
      if (elements == null) {
        Integer length = Dims.length(context, i);
        if (length == null || length > 64) {
          return null;
        }
        elements = Dims.unknown(length);
      }
      all.addAll(elements);
    }
    return all;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      List<Tensor> inputs = new ArrayList<>();
      for (int i = 0; i < context.inputCount(); i++) {
        inputs.add(context.tensor(i));
      }
      return List.of(join(context, inputs, context.node().intAttribute("axis", 1)));
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec y = context.output(0);
    int bytes = Lowerings.elementBytes(y.dtype());
    if (bytes == 0) {
      return null;
    }
    int count = context.inputCount();
    for (int i = 0; i < count; i++) {
      if (context.input(i).dtype() != y.dtype()) {
        return null;
      }
    }
    if (count == 1) {
      return Lowered.view();
    }
    int rank = y.shape().rank();
    int axis = y.shape().normalizeAxis(context.node().intAttribute("axis", 1));
    long outer = y.shape().size(0, axis);
    long row = y.shape().size(axis, rank);
    List<PreparedKernel> kernels = new ArrayList<>();
    List<CopyProblem> problems = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long part = context.input(i).shape().size(axis, rank);
      CopyProblem problem = CopyProblem.rows(bytes, outer, part, part, row);
      problems.add(problem);
      kernels.add(Lowerings.copy(context, i, problem));
    }
    int threads = context.threads();
    Lowered lowered =
        Lowered.of(buffers -> {
          Runnable[] copies = new Runnable[count];
          long offset = 0;
          for (int i = 0; i < count; i++) {
            long size = problems.get(i).outputBytes();
            Operands operands =
                Operands.of(
                    buffers.input(i),
                    buffers.output(0).asSlice(size == 0 ? 0 : offset * bytes, size));
            copies[i] = kernels.get(i).bind(operands, threads);
            offset += context.input(i).shape().size(axis, rank);
          }
          return Lowerings.inTurn(copies);
        });
    return outer == 1 ? lowered.withJoinedInputs() : lowered;
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }

  /** The tensors one after the other along {@code axis}. */
  static Tensor join(OpContext context, List<Tensor> inputs, long axis) {
    Shape first = inputs.getFirst().shape();
    int at = Axes.normalize(context, axis, first.rank());
    long total = 0;
    for (Tensor input : inputs) {
      if (input.shape().rank() != first.rank()
          || !input.shape().with(at, 0).equals(first.with(at, 0))
          || input.dtype() != inputs.getFirst().dtype()) {
        throw context.error(
            "inputs " + inputs.getFirst() + " and " + input + " do not join on axis " + axis);
      }
      total += input.shape().dim(at);
    }
    Tensor y = context.allocate(inputs.getFirst().dtype(), first.with(at, total));
    long outer = first.size(0, at);
    long row = y.shape().size(at, first.rank());
    long offset = 0;
    for (Tensor input : inputs) {
      long part = input.shape().size(at, first.rank());
      StridedCopy.box(
          input, 0, new long[] {part, 1}, y, offset, new long[] {row, 1}, new long[] {outer, part});
      offset += part;
    }
    return y;
  }
}
