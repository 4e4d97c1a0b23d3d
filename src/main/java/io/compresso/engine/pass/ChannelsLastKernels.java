package io.compresso.engine.pass;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.ConvProblem.Channels;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Isa;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.SpatialAxis;
import io.compresso.op.OperatorCatalog;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Which convolutions have kernels for channels last that are as good as those for channels first.
 */
final class ChannelsLastKernels {
  /** What an unknown spatial size is taken for. */
  private static final int TYPICAL_SIZE = 28;

  private ChannelsLastKernels() {}

  /** Whether a node is a convolution that is better laid with the channels last. */
  static boolean want(GraphView view, Node node) {
    if (!isChannelsFirst(node)) {
      return false;
    }
    List<Dim> x = view.dims(node.input(0));
    Shape w = view.shape(node.input(1));
    DType input = view.dtype(node.input(0));
    DType weight = view.dtype(node.input(1));
    DType output = view.dtype(node.output(0));
    if (x == null || w == null || input == null || weight == null || output == null) {
      return false;
    }
    if (x.size() != w.rank()) {
      return false;
    }
    int groups = (int) node.intAttribute("group", 1);
    try {
      List<SpatialAxis> axes = new ArrayList<>();
      for (int axis = 2; axis < w.rank(); axis++) {
        Long size = x.get(axis).sizeOrNull();
        int kernel = (int) w.dim(axis);
        axes.add(SpatialAxis.of(size == null ? TYPICAL_SIZE : size.intValue(), kernel, kernel / 2));
      }
      Channels channels =
          new Channels(Math.toIntExact(w.dim(1) * groups), Math.toIntExact(w.dim(0)), groups);
      OperandTypes types = new OperandTypes(input, weight, output);
      Isa last =
          KernelCatalog.choose(
                  new ConvProblem(types, Layout.NHWC, 1, channels, axes, Epilogue.BIAS))
              .spec()
              .isa();
      return last != Isa.REF
          && !KernelCatalog.takesAbove(
              last, new ConvProblem(types, Layout.NCHW, 1, channels, axes, Epilogue.BIAS));
    } catch (IllegalArgumentException | ArithmeticException _) {
      return false;
    }
  }

  /** Whether a node is a convolution of the engine's own with its channels first. */
  static boolean isChannelsFirst(Node node) {
    return node.domain().equals(OperatorCatalog.INTERNAL)
        && (node.opType().equals("Conv") || node.opType().equals("QuantizedConv"))
        && !node.stringAttribute("layout", "NCHW").equals("NHWC");
  }
}
