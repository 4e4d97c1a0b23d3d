package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Transposed convolution: the gradient of a convolution by its data. Filters are {@code [C, M /
 * group, kernel...]}.
 */
final class ConvTranspose implements Operator {
  @Override
  public String opType() {
    return "ConvTranspose";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 11, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(infer(context, context.node()));
  }

  /**
   * The output's type.
   *
   * @param node has the attributes; null where they are not all known
   */
  static Inferred infer(ShapeContext context, @Nullable Node node) {
    List<Dim> x = context.dims(0);
    List<Dim> w = context.dims(1);
    if (x == null || w == null) {
      return Dims.tensor(context.dtype(0), null);
    }
    if (x.size() < 3 || w.size() != x.size()) {
      throw context.error("input of rank " + x.size() + ", weights of rank " + w.size());
    }
    List<Dim> dims = new ArrayList<>();
    dims.add(x.getFirst());
    Long perGroup = w.get(1).sizeOrNull();
    long group = context.node().intAttribute("group", 1);
    dims.add(perGroup == null ? Dim.UNKNOWN : Dim.of(Math.multiplyExact(perGroup, group)));
    for (int axis = 0; axis < x.size() - 2; axis++) {
      Long size = x.get(axis + 2).sizeOrNull();
      Long kernel = w.get(axis + 2).sizeOrNull();
      dims.add(
          size == null || kernel == null || node == null
              ? Dim.UNKNOWN
              : Dim.of(Axis.of(node, axis, x.size() - 2, size, kernel).out()));
    }
    return Dims.tensor(context.dtype(0), dims);
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context, context.node(), context.tensorOrNull(2))));
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.weighted(1, 2, 1));
  }

  /** One spatial axis: how the output's size and padding follow from the attributes. */
  private record Axis(long stride, long dilation, long begin, long end, long out) {
    static Axis of(Node node, int axis, int rank, long size, long kernel) {
      long stride = value(node, "strides", axis, rank, 1);
      long dilation = value(node, "dilations", axis, rank, 1);
      long extra = value(node, "output_padding", axis, rank, 0);
      if (stride < 1 || dilation < 1 || extra < 0 || kernel < 1) {
        throw new GraphException(node, "strides, dilations or output_padding are not positive");
      }
      long begin = value(node, "pads", axis, 2 * rank, 0);
      long end = value(node, "pads", axis + rank, 2 * rank, 0);
      long full = stride * (size - 1) + extra + (kernel - 1) * dilation + 1;
      String autoPad = node.stringAttribute("auto_pad", "NOTSET");
      long[] requested = node.intsAttribute("output_shape");
      if (requested != null && requested.length > 0 || autoPad.startsWith("SAME")) {
        long out =
            requested == null || requested.length == 0
                ? size * stride
                : requested[requested.length - rank + axis];
        long total = Math.max(0, full - out);
        begin = autoPad.equals("SAME_UPPER") ? total / 2 : total - total / 2;
        return new Axis(stride, dilation, begin, total - begin, out);
      }
      if (autoPad.equals("VALID")) {
        begin = 0;
        end = 0;
      }
      if (full - begin - end < 0) {
        throw new GraphException(node, "padding takes the whole of spatial axis " + axis);
      }
      return new Axis(stride, dilation, begin, end, full - begin - end);
    }

    private static long value(Node node, String name, int index, int length, long otherwise) {
      long[] values = node.intsAttribute(name);
      if (values == null || values.length == 0) {
        return otherwise;
      }
      if (values.length != length) {
        throw new GraphException(
            node, "attribute '" + name + "' has " + values.length + " values, not " + length);
      }
      return values[index];
    }
  }

  /**
   * The output.
   *
   * @param node has the attributes
   */
  static Tensor run(OpContext context, Node node, @Nullable Tensor bias) {
    Products.requireOneType(context, 0, 1);
    Tensor x = Reals.computable(context, context.tensor(0));
    Tensor w = Reals.computable(context, context.tensor(1));
    int rank = x.shape().rank() - 2;
    long group = context.node().intAttribute("group", 1);
    if (rank < 1
        || rank > 3
        || w.shape().rank() != rank + 2
        || group < 1
        || x.shape().dim(1) != w.shape().dim(0)
        || x.shape().dim(1) % group != 0) {
      throw context.error(
          "input %s with weights %s in %d groups".formatted(x.shape(), w.shape(), group));
    }
    int[][] axes = new int[7][3];
    for (int[] axis : axes) {
      Arrays.fill(axis, 1);
    }
    Arrays.fill(axes[4], 0);
    Arrays.fill(axes[5], 0);
    for (int i = 0; i < rank; i++) {
      long size = x.shape().dim(i + 2);
      long kernel = w.shape().dim(i + 2);
      Axis axis = Axis.of(node, i, rank, size, kernel);
      long[] fields = {
        axis.out(), kernel, axis.stride(), axis.dilation(), axis.begin(), axis.end(), size
      };
      for (int field = 0; field < fields.length; field++) {
        axes[field][3 - rank + i] = Math.toIntExact(fields[field]);
      }
    }
    Window window = new Window(rank, axes[0], axes[1], axes[2], axes[3], axes[4], axes[5], axes[6]);
    return run(context, x, w, bias, window, Math.toIntExact(group));
  }

  private static Tensor run(
      OpContext context, Tensor x, Tensor w, @Nullable Tensor bias, Window window, int group) {
    DType type = x.dtype();
    int batch = Math.toIntExact(x.shape().dim(0));
    int perGroup = Math.toIntExact(x.shape().dim(1) / group);
    int outPerGroup = Math.toIntExact(w.shape().dim(1));
    int rows = Math.multiplyExact(outPerGroup, window.kernelSize());
    GemmProblem problem =
        new GemmProblem(
            OperandTypes.all(type),
            rows,
            window.outSize(),
            perGroup,
            GemmProblem.Transpose.A,
            Epilogue.NONE);
    long[] dims = x.shape().dims();
    dims[1] = (long) outPerGroup * group;
    for (int axis = 0; axis < window.rank(); axis++) {
      dims[axis + 2] = window.in()[3 - window.rank() + axis];
    }
    Shape shape = Shape.of(dims);
    double[] y = new double[Math.toIntExact(shape.size())];
    fillBias(context, bias, y, Math.toIntExact(dims[1]), window.inSize());
    Tensor columns = context.allocateUncleared(type, Shape.of(rows, window.outSize()));
    MemorySegment data = Products.memory(x);
    MemorySegment filters = Products.memory(w);
    long dataBytes = problem.weightBytes();
    try (PreparedKernel kernel = KernelCatalog.prepare(problem, Weights.NONE)) {
      for (int i = 0; i < batch * group; i++) {
        kernel.run(
            Operands.of(
                filters.asSlice(i % group * problem.inputBytes(), problem.inputBytes()),
                data.asSlice(i * dataBytes, dataBytes),
                columns.segment()),
            context.threads());
        double[] values = Reals.doubles(columns);
        for (int m = 0; m < outPerGroup; m++) {
          int from = m * window.kernelSize() * window.outSize();
          Col2Im.add(values, from, window, y, (i * outPerGroup + m) * window.inSize());
        }
      }
    }
    return Reals.tensor(context, context.tensor(0).dtype(), shape, y);
  }

  private static void fillBias(
      OpContext context, @Nullable Tensor bias, double[] y, int channels, int plane) {
    if (bias == null) {
      return;
    }
    if (bias.size() != channels) {
      throw context.error("bias " + bias.shape() + " for " + channels + " output channels");
    }
    for (int at = 0; at < y.length; at += plane) {
      Arrays.fill(y, at, at + plane, bias.getDouble(at / plane % channels));
    }
  }
}
