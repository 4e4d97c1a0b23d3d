package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.kernel.ReduceFunction;
import io.compresso.kernel.ReduceProblem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An operator that folds the elements along some axes. Floats fold in double precision, integers in
 * 64 bits.
 */
abstract class Reduction extends StandardOperator {
  private final int axesInputSince;

  /**
   * A reduction.
   *
   * @param axesInputSince the opset in which the axes became an input
   */
  Reduction(String opType, int axesInputSince, int... versions) {
    super(opType, versions);
    this.axesInputSince = axesInputSince;
  }

  /** What a fold of no elements has in {@code state}, of two numbers. */
  abstract void start(double[] state);

  /** Folds the first {@code n} values into {@code state}. */
  abstract void fold(double[] state, double[] x, int n);

  /** The kernels' name for it, null when they have none. */
  @Nullable ReduceFunction function() {
    return null;
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    ReduceFunction function = function();
    TensorSpec x = context.input(0);
    long[] axes = context.node().intsAttribute("axes");
    boolean byInput = axes == null && context.opset() >= axesInputSince;
    boolean integers = x.dtype() == DType.INT32 || x.dtype() == DType.INT64;
    if (integers && longFold(x.dtype()) != null) {
      function = ReduceFunction.SUM;
    }
    if (function == null || !integers && !x.dtype().isFloat() || byInput && !context.isFixed(1)) {
      return null;
    }
    Tensor given = byInput ? context.constant(1) : null;
    if (given != null) {
      axes = given.toLongs();
    }
    boolean[] reduced = new boolean[x.shape().rank()];
    if (axes == null || axes.length == 0) {
      Arrays.fill(reduced, !noop(context.node().intAttribute("noop_with_empty_axes", 0)));
    } else {
      for (long axis : axes) {
        reduced[x.shape().normalizeAxis(axis)] = true;
      }
    }
    return ReduceProblem.of(function, x.dtype(), x.shape(), reduced)
        .map(problem ->
            integers ? ofIntegers(problem) : Lowerings.single(context, problem, Weights.NONE))
        .orElse(null);
  }

  /** A fold of few integers, such as masks; null where others than those given are needed. */
  private @Nullable Lowered ofIntegers(ReduceProblem problem) {
    LongFold fold = longFold(problem.type());
    if (fold == null || problem.reduced() == 0 || problem.reduced() > Integer.MAX_VALUE) {
      return null;
    }
    int length = Blocks.length(problem.reduced());
    Shape all = Shape.of(problem.outer(), problem.reduced(), problem.inner());
    Shape folded = Shape.of(problem.outer(), problem.inner());
    return Lowered.of(buffers -> {
      Tensor x = Tensor.wrap(problem.type(), all, buffers.input(0));
      Tensor y = Tensor.wrap(problem.type(), folded, buffers.output(0));
      long[] block = new long[length];
      return () -> {
        for (long at = 0; at < y.size(); at++) {
          long from = at / problem.inner() * problem.reduced() * problem.inner();
          long state = startLong(problem.type());
          for (long done = 0; done < problem.reduced(); done += length) {
            int n = (int) Math.min(length, problem.reduced() - done);
            for (int i = 0; i < n; i++) {
              block[i] = x.getLong(from + (done + i) * problem.inner() + at % problem.inner());
            }
            state = fold.fold(state, block, n);
          }
          y.setLong(at, finishLong(state, problem.reduced()));
        }
      };
    });
  }

  /** The result of {@code count} folded elements. */
  double finish(double[] state, long count) {
    return state[0];
  }

  /** The integer result of no elements. */
  long startLong(DType dtype) {
    return 0;
  }

  /** Folds the first {@code n} integers; null when integers fold as floats do. */
  @Nullable LongFold longFold(DType dtype) {
    return null;
  }

  /** The integer result of {@code count} folded elements. */
  long finishLong(long state, long count) {
    return state;
  }

  /** A fold of integers. */
  @FunctionalInterface
  interface LongFold {
    long fold(long state, long[] x, int n);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      boolean keep = context.node().intAttribute("keepdims", 1) != 0;
      long[] axes = context.node().intsAttribute("axes");
      boolean given = axes != null;
      if (!given && context.opset() >= axesInputSince) {
        axes = Axes.ints(context, "axes", 1);
        given = Axes.given(context.node(), "axes", 1);
      }
      if (dims == null) {
        boolean all =
            !given && !keep && !noop(context.node().intAttribute("noop_with_empty_axes", 0));
        return List.of(Dims.tensor(context.dtype(0), all ? List.of() : null));
      }
      if (given && axes == null) {
        return List.of(Dims.tensor(context.dtype(0), keep ? Dims.unknown(dims.size()) : null));
      }
      boolean[] reduced = new boolean[dims.size()];
      if (axes == null || axes.length == 0) {
        Arrays.fill(reduced, !noop(context.node().intAttribute("noop_with_empty_axes", 0)));
      } else {
        for (long axis : axes) {
          reduced[Dims.axis(context, axis, dims.size())] = true;
        }
      }
      List<Dim> result = new ArrayList<>();
      for (int i = 0; i < reduced.length; i++) {
        if (!reduced[i]) {
          result.add(dims.get(i));
        } else if (keep) {
          result.add(Dim.of(1));
        }
      }
      return List.of(Dims.tensor(context.dtype(0), result));
    };
  }

  private static boolean noop(long attribute) {
    return attribute != 0;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      long[] axes =
          context.opset() < axesInputSince
              ? context.node().intsAttribute("axes")
              : Axes.ints(context, "axes", 1);
      boolean noop = noop(context.node().intAttribute("noop_with_empty_axes", 0));
      boolean keep = context.node().intAttribute("keepdims", 1) != 0;
      return List.of(reduce(context, context.tensor(0), axes, noop, keep));
    });
  }

  private Tensor reduce(
      OpContext context, Tensor x, long @Nullable [] axes, boolean noop, boolean keep) {
    int rank = x.shape().rank();
    boolean[] reduced = new boolean[rank];
    if (axes == null || axes.length == 0) {
      Arrays.fill(reduced, !noop);
    } else {
      for (long axis : axes) {
        reduced[Axes.normalize(context, axis, rank)] = true;
      }
    }
    int[] order = new int[rank];
    List<Long> dims = new ArrayList<>();
    int next = 0;
    long count = 1;
    for (int i = 0; i < rank; i++) {
      if (!reduced[i]) {
        order[next++] = i;
        dims.add(x.shape().dim(i));
      } else if (keep) {
        dims.add(1L);
      }
    }
    for (int i = 0; i < rank; i++) {
      if (reduced[i]) {
        order[next++] = i;
        count *= x.shape().dim(i);
      }
    }
    Shape shape = Axes.shape(context, dims.stream().mapToLong(Long::longValue).toArray());
    Tensor y = context.allocate(x.dtype(), shape);
    rows(context, Transpose.permute(context, x, order), y, count);
    return y;
  }

  private void rows(OpContext context, Tensor x, Tensor y, long count) {
    Blocks.Compute compute = Blocks.Compute.of(x.dtype());
    if (compute == Blocks.Compute.OTHER) {
      throw context.error("input type " + x.dtype() + " is not supported");
    }
    LongFold longFold = compute == Blocks.Compute.LONGS ? longFold(x.dtype()) : null;
    if (longFold == null) {
      double[] block = new double[Blocks.length(count)];
      double[] state = new double[2];
      for (long row = 0; row < y.size(); row++) {
        start(state);
        for (long at = 0; at < count; at += block.length) {
          int n = (int) Math.min(block.length, count - at);
          Blocks.read(x, row * count + at, block, 0, n);
          fold(state, block, n);
        }
        y.setDouble(row, finish(state, count));
      }
    } else {
      long[] block = new long[Blocks.length(count)];
      for (long row = 0; row < y.size(); row++) {
        long state = startLong(x.dtype());
        for (long at = 0; at < count; at += block.length) {
          int n = (int) Math.min(block.length, count - at);
          Blocks.read(x, row * count + at, block, 0, n);
          state = longFold.fold(state, block, n);
        }
        y.setLong(row, finishLong(state, count));
      }
    }
  }
}
