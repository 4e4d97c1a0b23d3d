package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** Layouts {@code [N, spatial..., C]} as {@code [N, C, spatial...]}, and back. */
final class ChannelsLast {
  private ChannelsLast() {}

  /** Whether the node's data has its channels last. */
  static boolean of(Node node) {
    return node.intAttribute("channels_last", 0) != 0;
  }

  static List<Dim> toFirst(List<Dim> dims) {
    List<Dim> moved = new ArrayList<>(dims);
    moved.add(1, moved.removeLast());
    return moved;
  }

  static List<Dim> toLast(List<Dim> dims) {
    List<Dim> moved = new ArrayList<>(dims);
    moved.add(moved.remove(1));
    return moved;
  }

  static Shape toFirst(Shape shape) {
    long[] dims = shape.dims();
    System.arraycopy(dims, 1, dims, 2, dims.length - 2);
    dims[1] = shape.dim(-1);
    return Shape.of(dims);
  }

  static Shape toLast(Shape shape) {
    long[] dims = shape.dims();
    System.arraycopy(dims, 2, dims, 1, dims.length - 2);
    dims[dims.length - 1] = shape.dim(1);
    return Shape.of(dims);
  }

  /** Elements of shape {@code [N, spatial..., C]} in the other order. */
  static double[] toFirst(double[] x, Shape shape) {
    int channels = Math.toIntExact(shape.dim(-1));
    int plane = Math.toIntExact(shape.size(1, shape.rank() - 1));
    return transpose(x, plane, channels);
  }

  /** Elements of shape {@code [N, C, spatial...]} in the other order. */
  static double[] toLast(double[] x, Shape shape) {
    int channels = Math.toIntExact(shape.dim(1));
    int plane = Math.toIntExact(shape.size(2, shape.rank()));
    return transpose(x, channels, plane);
  }

  private static double[] transpose(double[] x, int rows, int columns) {
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      int column = i % columns;
      int row = i / columns % rows;
      int matrix = i / columns / rows;
      y[(matrix * columns + column) * rows + row] = x[i];
    }
    return y;
  }
}
