package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Adds elements before and after each axis: a constant, the edge, a reflection or a wrapped copy;
 * negative amounts cut.
 */
final class Pad extends StandardOperator {
  /** The modes whose added elements are copies. */
  private static final Set<String> MAPPED = Set.of("edge", "reflect", "wrap");

  Pad() {
    super("Pad", 1, 2, 11, 13, 18, 19, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (dims == null) {
        return List.of(Dims.tensor(context.dtype(0), null));
      }
      long[] pads = Axes.ints(context, attribute(context.node(), context.opset()), 1);
      long[] axes = Dims.longs(context, 3);
      if (pads == null || axes == null && context.node().input(3) != null) {
        return List.of(Dims.tensor(context.dtype(0), Dims.unknown(dims.size())));
      }
      check(pads, axes == null ? dims.size() : axes.length, context::error);
      List<Dim> result = new ArrayList<>(dims);
      int count = pads.length / 2;
      for (int i = 0; i < count; i++) {
        int axis = Dims.axis(context, axes == null ? i : axes[i], dims.size());
        Dim padded = Dims.plus(dims.get(axis), Dim.of(pads[i] + pads[count + i]));
        result.set(
            axis, padded.sizeOrNull() instanceof Long size && size < 0 ? Dim.UNKNOWN : padded);
      }
      return List.of(Dims.tensor(context.dtype(0), result));
    };
  }

  /** Whether the amounts and the constant are inputs, as from operator set 11 on. */
  private static boolean hasInputs(Node node, int opset) {
    return !node.domain().isEmpty() || opset >= 11;
  }

  private static String attribute(Node node, int opset) {
    return node.domain().isEmpty() && opset < 2 ? "paddings" : "pads";
  }

  private static void check(long[] pads, long axes, Function<String, GraphException> error) {
    if (pads.length != 2 * axes) {
      throw error.apply(pads.length + " pads for " + axes + " axes; each has one before and after");
    }
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      int rank = x.shape().rank();
      long[] given = Axes.ints(context, attribute(context.node(), context.opset()), 1);
      Tensor axes = context.tensorOrNull(3);
      if (given == null) {
        throw context.error("pads are missing");
      }
      check(given, axes == null ? rank : axes.size(), context::error);
      int count = given.length / 2;
      long[] before = new long[rank];
      long[] after = new long[rank];
      for (int i = 0; i < count; i++) {
        int axis = Axes.normalize(context, axes == null ? i : axes.getLong(i), rank);
        before[axis] = given[i];
        after[axis] = given[count + i];
      }
      String mode = context.node().stringAttribute("mode", "constant");
      return List.of(
          mode.equals("constant")
              ? constant(context, x, before, after)
              : mapped(context, x, before, after, mode));
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec x = context.input(0);
    TensorSpec y = context.output(0);
    int bytes = Lowerings.elementBytes(x.dtype());
    int rank = x.shape().rank();
    Tensor pads = context.constant(1);
    Tensor axes = context.constant(3);
    boolean zero =
        context.inputOrNull(2) == null
            || context.constant(2) instanceof Tensor value
                && value.size() == 1
                && value.getDouble(0) == 0;
    String mode = context.node().stringAttribute("mode", "constant");
    boolean constant = mode.equals("constant");
    if (!hasInputs(context.node(), context.opset())
        || bytes == 0
        || pads == null
        || constant && !zero
        || !Lowerings.isFixed(context, 2, 3)
        || x.bytes() == 0
        || !constant && !MAPPED.contains(mode)) {
      return null;
    }
    long[] strides = x.shape().strides();
    long[] toStrides = y.shape().strides();
    long[] before = new long[rank];
    long to = 0;
    int count = (int) (pads.size() / 2);
    for (int i = 0; i < count; i++) {
      int axis = axes == null ? i : x.shape().normalizeAxis(axes.getLong(i));
      before[axis] = pads.getLong(i);
      if (before[axis] < 0 || pads.getLong(count + i) < 0) {
        return null;
      }
      to += before[axis] * toStrides[axis];
    }
    List<CopyProblem.Axis> moved = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      moved.add(new CopyProblem.Axis(x.shape().dim(axis), strides[axis], toStrides[axis]));
    }
    CopyProblem problem = CopyProblem.of(bytes, moved);
    PreparedKernel kernel = Lowerings.copy(context, 0, problem);
    int threads = context.threads();
    long offset = to * bytes;
    List<Border> borders = constant ? List.of() : borders(x, y, before, mode);
    return Lowered.of(buffers -> {
      MemorySegment whole = buffers.output(0);
      Operands operands =
          Operands.of(buffers.input(0), whole.asSlice(offset, problem.outputBytes()));
      Runnable copy = kernel.bind(operands, threads);
      return () -> {
        if (constant) {
          whole.fill((byte) 0);
        }
        copy.run();
        for (int i = 0; i < borders.size(); i++) {
          borders.get(i).fill(whole);
        }
      };
    });
  }

  /**
   * What is added along one axis, copied from within the output.
   *
   * @param outer how often the axis is there
   * @param size elements along it
   * @param block bytes of one
   * @param added the indices that are added
   * @param sources those that they are copies of
   */
  private record Border(long outer, long size, long block, long[] added, long[] sources) {
    void fill(MemorySegment whole) {
      for (long i = 0; i < outer; i++) {
        long row = i * size;
        for (int j = 0; j < added.length; j++) {
          MemorySegment.copy(
              whole, (row + sources[j]) * block, whole, (row + added[j]) * block, block);
        }
      }
    }
  }

  /** The borders, axis by axis: those of an axis are complete when the next one's are filled. */
  private static List<Border> borders(TensorSpec x, TensorSpec y, long[] before, String mode) {
    List<Border> borders = new ArrayList<>();
    int rank = x.shape().rank();
    for (int axis = 0; axis < rank; axis++) {
      long size = x.shape().dim(axis);
      long total = y.shape().dim(axis);
      long first = before[axis];
      long[] added =
          LongStream.range(0, total).filter(at -> at < first || at >= first + size).toArray();
      long[] sources =
          LongStream.of(added).map(at -> first + source(at - first, size, mode)).toArray();
      if (added.length > 0) {
        long block = y.dtype().bytes(y.shape().size(axis + 1, rank));
        borders.add(new Border(y.shape().size(0, axis), total, block, added, sources));
      }
    }
    return borders;
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }

  private static Tensor constant(OpContext context, Tensor x, long[] before, long[] after) {
    int rank = x.shape().rank();
    long[] strides = x.shape().strides();
    long[] dims = new long[rank];
    long[] kept = new long[rank];
    for (int i = 0; i < rank; i++) {
      dims[i] = x.shape().dim(i) + before[i] + after[i];
      kept[i] = Math.max(0, x.shape().dim(i) + Math.min(0, before[i]) + Math.min(0, after[i]));
    }
    Tensor y = context.allocate(x.dtype(), Axes.shape(context, dims));
    Tensor value = hasInputs(context.node(), context.opset()) ? context.tensorOrNull(2) : null;
    if (value != null && value.size() == 1) {
      StridedCopy.fill(value, 0, y, 0, y.size());
    } else {
      float attribute = context.node().floatAttribute("value", 0);
      for (long i = 0; attribute != 0 && i < y.size(); i++) {
        y.setFloat(i, attribute);
      }
    }
    long[] steps = y.shape().strides();
    long from = 0;
    long to = 0;
    for (int i = 0; i < rank; i++) {
      from += Math.max(0, -before[i]) * strides[i];
      to += Math.max(0, before[i]) * steps[i];
    }
    StridedCopy.box(x, from, strides, y, to, steps, kept);
    return y;
  }

  private static Tensor mapped(
      OpContext context, Tensor x, long[] before, long[] after, String mode) {
    if (!MAPPED.contains(mode)) {
      throw context.error("attribute 'mode' is '" + mode + "'");
    }
    Tensor result = x;
    for (int axis = 0; axis < before.length; axis++) {
      if (before[axis] == 0 && after[axis] == 0) {
        continue;
      }
      long size = x.shape().dim(axis);
      long total = size + before[axis] + after[axis];
      if (total < 0 || total > 0 && size == 0) {
        throw context.error("axis " + axis + " of " + x + " cannot be padded");
      }
      long[] indices = new long[Math.toIntExact(total)];
      for (int i = 0; i < indices.length; i++) {
        indices[i] = source(i - before[axis], size, mode);
      }
      result = Gather.take(context, result, axis, indices);
    }
    return result;
  }

  /** Which element a position outside of an axis is a copy of. */
  private static long source(long index, long size, String mode) {
    return switch (mode) {
      case "edge" -> Math.max(0, Math.min(size - 1, index));
      case "wrap" -> Math.floorMod(index, size);
      default -> {
        if (size == 1) {
          yield 0;
        }
        long folded = Math.floorMod(index, 2 * (size - 1));
        yield folded < size ? folded : 2 * (size - 1) - folded;
      }
    };
  }
}
