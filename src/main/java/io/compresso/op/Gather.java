package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.GatherProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The slices of an axis that indices of any shape name; negative ones count from the end. */
final class Gather extends StandardOperator {
  Gather() {
    super("Gather", 1, 11, 13);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> data = context.dims(0);
      List<Dim> indices = context.dims(1);
      List<Dim> dims = null;
      if (data != null && indices != null) {
        int axis = Dims.axis(context, context.node().intAttribute("axis", 0), data.size());
        dims = new ArrayList<>(data.subList(0, axis));
        dims.addAll(indices);
        dims.addAll(data.subList(axis + 1, data.size()));
      }
      return List.of(
          new Inferred(Dims.tensor(context.dtype(0), dims).type(), elements(context, data)));
    };
  }

  private static @Nullable List<Dim> elements(ShapeContext context, @Nullable List<Dim> data) {
    List<Dim> elements = Dims.elements(context, 0);
    long[] indices = Dims.longs(context, 1);
    if (elements == null || indices == null || data != null && data.size() != 1) {
      return null;
    }
    List<Dim> picked = new ArrayList<>();
    for (long index : indices) {
      picked.add(elements.get(Dims.axis(context, index, elements.size())));
    }
    return picked;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Tensor indices = context.tensor(1);
      int axis = Axes.normalize(context, context.node().intAttribute("axis", 0), x.shape().rank());
      long[] dims = new long[x.shape().rank() - 1 + indices.shape().rank()];
      int rank = 0;
      for (int i = 0; i < axis; i++) {
        dims[rank++] = x.shape().dim(i);
      }
      for (int i = 0; i < indices.shape().rank(); i++) {
        dims[rank++] = indices.shape().dim(i);
      }
      for (int i = axis + 1; i < x.shape().rank(); i++) {
        dims[rank++] = x.shape().dim(i);
      }
      return List.of(take(context, x, axis, indices.toLongs()).reshape(Axes.shape(context, dims)));
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec x = context.input(0);
    TensorSpec indices = context.input(1);
    int bytes = Lowerings.elementBytes(x.dtype());
    if (bytes == 0) {
      return null;
    }
    int rank = x.shape().rank();
    int axis = x.shape().normalizeAxis(context.node().intAttribute("axis", 0));
    Tensor known = context.constant(1);
    Lowered range = known == null ? null : range(context, known, axis, bytes);
    if (range != null) {
      return range;
    }
    PreparedKernel kernel =
        context.prepare(
            0,
            new GatherProblem(
                x.shape().size(0, axis),
                x.shape().dim(axis),
                bytes * x.shape().size(axis + 1, rank),
                indices.shape().size(),
                indices.dtype()),
            () -> Weights.NONE);
    int threads = context.threads();
    return Lowered.of(buffers -> {
      Operands operands = Operands.of(buffers.input(0), buffers.input(1), buffers.output(0));
      return kernel.bind(operands, threads)::run;
    });
  }

  /** The slices of an axis of input 0 with the given indices, each in its range. */
  static Lowered ofIndices(LoweringContext context, int axis, long[] indices) {
    TensorSpec x = context.input(0);
    int bytes = Lowerings.elementBytes(x.dtype());
    Tensor given = Tensor.allocate(DType.INT64, Shape.of(indices.length));
    for (int i = 0; i < indices.length; i++) {
      given.setLong(i, indices[i]);
    }
    PreparedKernel kernel =
        context.prepare(
            0,
            new GatherProblem(
                x.shape().size(0, axis),
                x.shape().dim(axis),
                bytes * x.shape().size(axis + 1, x.shape().rank()),
                indices.length,
                DType.INT64),
            () -> Weights.NONE);
    int threads = context.threads();
    return Lowered.of(buffers -> {
      Operands operands = Operands.of(buffers.input(0), given.segment(), buffers.output(0));
      return kernel.bind(operands, threads)::run;
    });
  }

  /** One slice, or several that follow one another, are copied or just named; null for others. */
  private static @Nullable Lowered range(
      LoweringContext context, Tensor indices, int axis, int bytes) {
    TensorSpec x = context.input(0);
    long size = x.shape().dim(axis);
    long count = indices.size();
    if (count == 0 || x.bytes() == 0) {
      return null;
    }
    long first = indices.getLong(0) + (indices.getLong(0) < 0 ? size : 0);
    for (long i = 0; i < count; i++) {
      long index = indices.getLong(i) + (indices.getLong(i) < 0 ? size : 0);
      if (index != first + i || index < 0 || index >= size) {
        return null;
      }
    }
    long outer = x.shape().size(0, axis);
    long inner = x.shape().size(axis + 1, x.shape().rank());
    long from = first * inner;
    return outer == 1
        ? Lowered.views(List.of(new Lowered.View(0, from * bytes)))
        : Lowerings.copy(
            context,
            CopyProblem.rows(bytes, outer, count * inner, size * inner, count * inner),
            from);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }

  /** The slices of {@code axis} with the given indices, in their order. */
  static Tensor take(OpContext context, Tensor x, int axis, long[] indices) {
    long size = x.shape().dim(axis);
    long inner = x.shape().size(axis + 1, x.shape().rank());
    long outer = x.shape().size(0, axis);
    Tensor y = context.allocate(x.dtype(), x.shape().with(axis, indices.length));
    for (int i = 0; i < indices.length; i++) {
      long index = indices[i] < 0 ? indices[i] + size : indices[i];
      if (index < 0 || index >= size) {
        throw context.error("index " + indices[i] + " is outside an axis of size " + size);
      }
      indices[i] = index;
    }
    for (long i = 0; i < outer; i++) {
      for (int j = 0; j < indices.length; j++) {
        StridedCopy.run(
            x, (i * size + indices[j]) * inner, y, (i * indices.length + j) * inner, inner);
      }
    }
    return y;
  }
}
