package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What operators share that reduce a sliding window of each channel to one element. */
abstract class Pooling implements Operator {
  /** Reduces the part of one window that lies in the input. */
  @FunctionalInterface
  interface Reduction {
    /**
     * The output's element.
     *
     * @param x the whole input
     * @param window the geometry
     * @param plane where the channel begins in {@code x}
     * @param start where the window begins on each axis
     */
    double reduce(double[] x, Window window, int plane, int[] start);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Dims.tensor(context.dtype(0), dims(context)));
  }

  /** The dimensions of the result. */
  static @Nullable List<Dim> dims(ShapeContext context) {
    List<Dim> x = context.dims(0);
    if (x == null) {
      return null;
    }
    List<Dim> dims = new ArrayList<>(x.subList(0, Math.min(2, x.size())));
    dims.addAll(Window.dims(context, x, kernel(context.node()), ceil(context.node())));
    return dims;
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }

  static long[] kernel(Node node) {
    long[] kernel = node.intsAttribute("kernel_shape");
    if (kernel == null) {
      throw new GraphException(node, "attribute 'kernel_shape' is missing");
    }
    return kernel;
  }

  static boolean ceil(Node node) {
    return node.intAttribute("ceil_mode", 0) != 0;
  }

  static Window window(OpContext context) {
    return Window.of(
        context.node(), context.tensor(0).shape(), kernel(context.node()), ceil(context.node()));
  }

  /** Reduces every window of every channel of input 0. */
  static Tensor pool(OpContext context, Window window, Reduction reduction) {
    Tensor input = context.tensor(0);
    double[] x = Reals.doubles(input);
    Shape shape = window.outShape(input.shape().dim(0), input.shape().dim(1));
    double[] y = pool(x, window, Math.toIntExact(input.shape().size(0, 2)), reduction);
    return Reals.tensor(context, input.dtype(), shape, y);
  }

  /** Reduces every window of every one of {@code channels} planes. */
  static double[] pool(double[] x, Window window, int channels, Reduction reduction) {
    double[] y = new double[Math.multiplyExact(channels, window.outSize())];
    int[] start = new int[3];
    int o = 0;
    for (int channel = 0; channel < channels; channel++) {
      int plane = channel * window.inSize();
      for (int d = 0; d < window.out()[0]; d++) {
        start[0] = window.start(0, d);
        for (int h = 0; h < window.out()[1]; h++) {
          start[1] = window.start(1, h);
          for (int w = 0; w < window.out()[2]; w++) {
            start[2] = window.start(2, w);
            y[o++] = reduction.reduce(x, window, plane, start);
          }
        }
      }
    }
    return y;
  }
}
