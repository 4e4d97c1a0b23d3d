package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Cuts an axis into parts of given sizes, or of equal ones with a smaller last. */
final class Split extends StandardOperator {
  Split() {
    super("Split", 1, 2, 11, 13, 18);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      int parts = context.node().outputs().size();
      long[] sizes = Axes.ints(context, "split", 1);
      List<Inferred> result = new ArrayList<>();
      int axis =
          dims == null
              ? 0
              : Dims.axis(context, context.node().intAttribute("axis", 0), dims.size());
      if (dims != null && sizes == null && !Axes.given(context.node(), "split", 1)) {
        Long size = dims.get(axis).sizeOrNull();
        sizes =
            size == null
                ? null
                : equal(size, (int) context.node().intAttribute("num_outputs", parts));
      }
      if (sizes != null) {
        check(sizes, parts, dims == null ? null : dims.get(axis).sizeOrNull(), context::error);
      }
      for (int i = 0; i < parts; i++) {
        List<Dim> part = dims == null ? null : new ArrayList<>(dims);
        if (part != null) {
          part.set(axis, sizes == null || i >= sizes.length ? Dim.UNKNOWN : Dim.of(sizes[i]));
        }
        result.add(
            new Inferred(
                Dims.tensor(context.dtype(0), part).type(), elements(context, dims, sizes, i)));
      }
      return result;
    };
  }

  /**
   * Refuses sizes of parts that are fewer than the parts, negative, or do not add up to the axis.
   *
   * @param size of the axis, null when it is not known
   */
  private static void check(
      long[] sizes, int parts, @Nullable Long size, Function<String, GraphException> error) {
    long total = 0;
    for (long part : sizes) {
      if (part < 0) {
        throw error.apply("part of negative size " + part);
      }
      total += part;
    }
    if (size != null && total != size) {
      throw error.apply("parts of " + total + " in all, for an axis of " + size);
    }
    if (sizes.length < parts) {
      throw error.apply(parts + " outputs, but sizes for " + sizes.length);
    }
  }

  private static @Nullable List<Dim> elements(
      ShapeContext context, @Nullable List<Dim> dims, long @Nullable [] sizes, int part) {
    List<Dim> elements = dims == null || dims.size() != 1 ? null : Dims.elements(context, 0);
    if (elements == null || sizes == null || part >= sizes.length) {
      return null;
    }
    long from = 0;
    for (int i = 0; i < part; i++) {
      from += sizes[i];
    }
    if (from + sizes[part] > elements.size()) {
      return null;
    }
    return elements.subList((int) from, (int) (from + sizes[part]));
  }

  private static long[] equal(long size, int parts) {
    long[] sizes = new long[parts];
    long most = (size + parts - 1) / parts;
    long left = size;
    for (int i = 0; i < parts; i++) {
      sizes[i] = Math.min(most, left);
      left -= sizes[i];
    }
    return sizes;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Shape shape = x.shape();
      int axis = Axes.normalize(context, context.node().intAttribute("axis", 0), shape.rank());
      long[] sizes = Axes.ints(context, "split", 1);
      if (sizes == null) {
        sizes =
            equal(
                shape.dim(axis),
                (int) context.node().intAttribute("num_outputs", context.node().outputs().size()));
      }
      return parts(context, x, axis, sizes);
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec x = context.input(0);
    int bytes = Lowerings.elementBytes(x.dtype());
    int axis = x.shape().normalizeAxis(context.node().intAttribute("axis", 0));
    int rank = x.shape().rank();
    int count = context.node().outputs().size();
    if (bytes == 0) {
      return null;
    }
    long outer = x.shape().size(0, axis);
    long row = x.shape().size(axis, rank);
    List<Lowered.View> views = new ArrayList<>();
    List<PreparedKernel> kernels = new ArrayList<>();
    List<CopyProblem> problems = new ArrayList<>();
    long offset = 0;
    for (int i = 0; i < count; i++) {
      TensorSpec y = context.outputOrNull(i);
      if (y == null) {
        return null;
      }
      long part = y.shape().size(axis, rank);
      views.add(new Lowered.View(0, offset * bytes));
      problems.add(CopyProblem.rows(bytes, outer, part, row, part));
      offset += part;
    }
    if (outer == 1) {
      return Lowered.views(views);
    }
    for (int i = 0; i < count; i++) {
      kernels.add(Lowerings.copy(context, i, problems.get(i)));
    }
    int threads = context.threads();
    return Lowered.of(buffers -> {
      Runnable[] copies = new Runnable[count];
      for (int i = 0; i < count; i++) {
        long size = problems.get(i).inputBytes();
        Operands operands =
            Operands.of(
                buffers.input(0).asSlice(size == 0 ? 0 : views.get(i).offset(), size),
                buffers.output(i));
        copies[i] = kernels.get(i).bind(operands, threads);
      }
      return Lowerings.inTurn(copies);
    });
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }

  /** The parts of {@code axis} with the given sizes, which must add up to it. */
  static List<Tensor> parts(OpContext context, Tensor x, int axis, long[] sizes) {
    Shape shape = x.shape();
    check(sizes, 0, shape.dim(axis), context::error);
    long outer = shape.size(0, axis);
    long inner = shape.size(axis + 1, shape.rank());
    long row = shape.dim(axis) * inner;
    List<Tensor> parts = new ArrayList<>();
    long offset = 0;
    for (long size : sizes) {
      Tensor y = context.allocate(x.dtype(), shape.with(axis, size));
      long part = size * inner;
      StridedCopy.box(
          x, offset, new long[] {row, 1}, y, 0, new long[] {part, 1}, new long[] {outer, part});
      offset += part;
      parts.add(y);
    }
    return parts;
  }
}
