package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.ValueType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Cuts an axis into parts of a size, of given sizes, or of 1, as a sequence. */
final class SplitToSequence extends StandardOperator {
  SplitToSequence() {
    super("SplitToSequence", 11, 24);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (dims == null) {
        ValueType element = Dims.tensor(context.dtype(0), null).type();
        return List.of(Inferred.of(new ValueType.SequenceType(element)));
      }
      int axis = Dims.axis(context, context.node().intAttribute("axis", 0), dims.size());
      List<Dim> part = new ArrayList<>(dims);
      if (context.node().input(1) == null) {
        part.set(axis, Dim.of(1));
        if (context.node().intAttribute("keepdims", 1) == 0) {
          part.remove(axis);
        }
      } else {
        part.set(axis, Dim.UNKNOWN);
      }
      ValueType element = Dims.tensor(context.dtype(0), part).type();
      return List.of(Inferred.of(new ValueType.SequenceType(element)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Tensor split = context.tensorOrNull(1);
      int axis = Axes.normalize(context, context.node().intAttribute("axis", 0), x.shape().rank());
      boolean drop = split == null && context.node().intAttribute("keepdims", 1) == 0;
      long size = x.shape().dim(axis);
      long[] sizes;
      if (split != null && split.shape().rank() == 1) {
        sizes = split.toLongs();
      } else {
        long part = split == null ? 1 : split.getLong(0);
        if (part < 1) {
          throw context.error("parts of size " + part);
        }
        sizes = new long[Math.toIntExact((size + part - 1) / part)];
        Arrays.fill(sizes, part);
        if (sizes.length > 0) {
          sizes[sizes.length - 1] = size - part * (sizes.length - 1);
        }
      }
      List<Value> parts = new ArrayList<>(Split.parts(context, x, axis, sizes));
      if (drop) {
        long[] dims = new long[x.shape().rank() - 1];
        for (int i = 0; i < dims.length; i++) {
          dims[i] = x.shape().dim(i < axis ? i : i + 1);
        }
        parts.replaceAll(part -> ((Tensor) part).reshape(Axes.shape(context, dims)));
      }
      return List.of(new TensorSequence(x.dtype(), parts));
    });
  }
}
