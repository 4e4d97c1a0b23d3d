package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.kernel.CopyProblem;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A range with a step on some axes; bounds outside the axis are clamped, steps may be negative. */
final class Slice extends StandardOperator {
  Slice() {
    super("Slice", 1, 10, 11, 13);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (dims == null) {
        return List.of(Dims.tensor(context.dtype(0), null));
      }
      long[] starts = Axes.ints(context, "starts", 1);
      long[] ends = Axes.ints(context, "ends", 2);
      long[] axes = Axes.ints(context, "axes", 3);
      long[] steps = Dims.longs(context, 4);
      check(starts, ends, axes, steps, context::error);
      List<Dim> result = new ArrayList<>(dims);
      boolean[] taken = new boolean[dims.size()];
      boolean axesUnknown = axes == null && Axes.given(context.node(), "axes", 3);
      boolean stepsUnknown = steps == null && context.node().input(4) != null;
      if (starts == null || ends == null || axesUnknown || stepsUnknown) {
        for (int i = 0; i < result.size(); i++) {
          result.set(i, Dim.UNKNOWN);
        }
        if (axes != null) {
          result = new ArrayList<>(dims);
          for (long axis : axes) {
            result.set(Dims.axis(context, axis, dims.size()), Dim.UNKNOWN);
          }
        }
        return List.of(Dims.tensor(context.dtype(0), result));
      }
      List<Dim> elements = dims.size() == 1 ? Dims.elements(context, 0) : null;
      for (int i = 0; i < starts.length; i++) {
        int axis = axes == null ? i : Dims.axis(context, axes[i], dims.size());
        long step = steps == null ? 1 : steps[i];
        if (axis >= dims.size()) {
          throw context.error("more bounds than axes");
        }
        take(taken, axis, context::error);
        Long size = dims.get(axis).sizeOrNull();
        if (size == null) {
          boolean whole = starts[i] == 0 && step == 1 && ends[i] >= Integer.MAX_VALUE;
          result.set(axis, whole ? dims.get(axis) : Dim.UNKNOWN);
          elements = whole ? elements : null;
        } else {
          Range range = Range.of(size, starts[i], ends[i], step);
          result.set(axis, Dim.of(range.count()));
          elements = pick(elements, range);
        }
      }
      return List.of(new Inferred(Dims.tensor(context.dtype(0), result).type(), elements));
    };
  }

  /**
   * Refuses bounds, axes and steps of different numbers, as far as they are known, and steps of 0.
   */
  private static void check(
      long @Nullable [] starts,
      long @Nullable [] ends,
      long @Nullable [] axes,
      long @Nullable [] steps,
      Function<String, GraphException> error) {
    long[] lengths =
        Stream.of(starts, ends, axes, steps)
            .filter(Objects::nonNull)
            .mapToLong(values -> values.length)
            .distinct()
            .toArray();
    if (lengths.length > 1) {
      throw error.apply(
          "starts, ends, axes and steps differ in length: " + Arrays.toString(lengths));
    }
    if (steps != null && Arrays.stream(steps).anyMatch(step -> step == 0)) {
      throw error.apply("step is 0");
    }
  }

  private static void take(boolean[] taken, int axis, Function<String, GraphException> error) {
    if (taken[axis]) {
      throw error.apply("axis " + axis + " is given twice");
    }
    taken[axis] = true;
  }

  private static @Nullable List<Dim> pick(@Nullable List<Dim> elements, Range range) {
    if (elements == null) {
      return null;
    }
    List<Dim> picked = new ArrayList<>();
    for (long i = 0; i < range.count(); i++) {
      picked.add(elements.get((int) (range.start() + i * range.step())));
    }
    return picked;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      int rank = x.shape().rank();
      long[] starts = Axes.ints(context, "starts", 1);
      long[] ends = Axes.ints(context, "ends", 2);
      long[] axes = Axes.ints(context, "axes", 3);
      Tensor given = context.tensorOrNull(4);
      long[] stepped = given == null ? null : given.toLongs();
      if (starts == null || ends == null) {
        throw context.error("starts or ends are missing");
      }
      check(starts, ends, axes, stepped, context::error);
      boolean[] taken = new boolean[rank];
      long[] strides = x.shape().strides();
      long[] dims = x.shape().dims();
      long from = 0;
      for (int i = 0; i < starts.length; i++) {
        int axis = Axes.normalize(context, axes == null ? i : axes[i], rank);
        take(taken, axis, context::error);
        long step = stepped == null ? 1 : stepped[i];
        Range range = Range.of(x.shape().dim(axis), starts[i], ends[i], step);
        from += range.start() * strides[axis];
        strides[axis] *= step;
        dims[axis] = range.count();
      }
      Tensor y = context.allocate(x.dtype(), Axes.shape(context, dims));
      StridedCopy.box(x, from, strides, y, 0, y.shape().strides(), dims);
      return List.of(y);
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec x = context.input(0);
    TensorSpec y = context.output(0);
    int bytes = Lowerings.elementBytes(x.dtype());
    boolean byInput = context.opset() >= 10;
    if (bytes == 0 || byInput && !Lowerings.isFixed(context, 1, 2, 3, 4) || y.bytes() == 0) {
      return null;
    }
    int rank = x.shape().rank();
    long[] starts = longs(context, byInput, "starts", 1);
    long[] ends = longs(context, byInput, "ends", 2);
    long[] axes = longs(context, byInput, "axes", 3);
    Tensor given = byInput ? context.constant(4) : null;
    if (starts == null || ends == null) {
      return null;
    }
    if (given != null && Arrays.stream(given.toLongs()).anyMatch(step -> step < 0)) {
      return reversed(context, starts, ends, axes, given.toLongs());
    }
    long[] strides = x.shape().strides();
    long[] toStrides = y.shape().strides();
    long from = 0;
    for (int i = 0; i < starts.length; i++) {
      int axis = axes == null ? i : x.shape().normalizeAxis(axes[i]);
      long step = given == null ? 1 : given.getLong(i);
      Range range = Range.of(x.shape().dim(axis), starts[i], ends[i], step);
      from += range.start() * strides[axis];
      strides[axis] *= step;
    }
    List<CopyProblem.Axis> moved = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      moved.add(
          new CopyProblem.Axis(
              y.shape().dim(axis), y.shape().dim(axis) == 1 ? 0 : strides[axis], toStrides[axis]));
    }
    CopyProblem problem = CopyProblem.of(bytes, moved);
    boolean whole =
        problem.axes().size() == 1 && problem.axes().getFirst().inputStride() == 1
            || problem.axes().isEmpty();
    return whole
        ? Lowered.views(List.of(new Lowered.View(0, from * bytes)))
        : Lowerings.copy(context, problem, from);
  }

  /** One axis taken backwards, the others whole; null for more. */
  private static @Nullable Lowered reversed(
      LoweringContext context, long[] starts, long[] ends, long @Nullable [] axes, long[] steps) {
    Shape x = context.input(0).shape();
    int reversed = -1;
    Range taken = null;
    for (int i = 0; i < starts.length; i++) {
      int axis = axes == null ? i : x.normalizeAxis(axes[i]);
      Range range = Range.of(x.dim(axis), starts[i], ends[i], steps[i]);
      if (range.step() == 1 && range.count() == x.dim(axis)) {
        continue;
      }
      if (taken != null) {
        return null;
      }
      reversed = axis;
      taken = range;
    }
    return taken == null ? null : Gather.ofIndices(context, reversed, taken.indices());
  }

  private static long @Nullable [] longs(
      LoweringContext context, boolean byInput, String attribute, int input) {
    if (!byInput) {
      return context.node().intsAttribute(attribute);
    }
    Tensor tensor = context.constant(input);
    return tensor == null ? null : tensor.toLongs();
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }

  /** The indices {@code start}, {@code start + step}, ...: {@code count} of them. */
  private record Range(long start, long step, long count) {
    long[] indices() {
      long[] indices = new long[Math.toIntExact(count)];
      for (int i = 0; i < indices.length; i++) {
        indices[i] = start + i * step;
      }
      return indices;
    }

    static Range of(long size, long start, long end, long step) {
      long first = start < 0 ? start + size : start;
      long last = end < 0 ? end + size : end;
      if (step > 0) {
        first = Math.max(0, Math.min(size, first));
        last = Math.max(0, Math.min(size, last));
        return new Range(first, step, last <= first ? 0 : (last - first - 1) / step + 1);
      }
      first = Math.max(-1, Math.min(size - 1, first));
      last = Math.max(-1, Math.min(size - 1, last));
      long count =
          last >= first
              ? 0
              : (first - last - 1) / (step == Long.MIN_VALUE ? Long.MAX_VALUE : -step) + 1;
      return new Range(Math.max(0, first), step, count);
    }
  }
}
