package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Images {@code [N, C, H, W]} without their borders, given as left, top, right and bottom, or, with
 * {@code scale}, that height and width from the left and the top; experimental in ONNX, kept by
 * ONNX Runtime up to operator set 9.
 */
final class Crop extends StandardOperator {
  Crop() {
    super("Crop", 1);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> x = context.dims(0);
      if (x == null) {
        return List.of(Dims.tensor(context.dtype(0), null));
      }
      if (x.size() != 4) {
        throw context.error("input of rank " + x.size() + " is no [N, C, H, W]");
      }
      List<Dim> dims = new ArrayList<>(x.subList(0, 2));
      for (int axis = 0; axis < 2; axis++) {
        Long size = x.get(axis + 2).sizeOrNull();
        dims.add(size == null ? Dim.UNKNOWN : Dim.of(kept(context.node(), axis, size)));
      }
      return List.of(Dims.tensor(context.dtype(0), dims));
    };
  }

  private static long[] border(Node node) {
    long[] border = node.intsAttribute("border", new long[0]);
    if (border.length != 4) {
      throw new GraphException(node, "attribute 'border' has " + border.length + " values, not 4");
    }
    return border;
  }

  /** What is left of the rows or columns. */
  private static long kept(Node node, int axis, long size) {
    long[] scale = node.intsAttribute("scale", new long[0]);
    if (scale.length != 0 && scale.length != 2) {
      throw new GraphException(node, "attribute 'scale' has " + scale.length + " values, not 2");
    }
    long first = border(node)[1 - axis];
    long kept = scale.length == 0 ? size - first - border(node)[3 - axis] : scale[axis];
    if (first < 0 || kept < 0 || first + kept > size) {
      throw new GraphException(
          node, "keeps %d from %d on of %d on axis %d".formatted(kept, first, size, axis + 2));
    }
    return kept;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Shape shape = x.shape();
      if (shape.rank() != 4) {
        throw context.error("input " + shape + " is no [N, C, H, W]");
      }
      long[] dims = shape.dims();
      dims[2] = kept(context.node(), 0, dims[2]);
      dims[3] = kept(context.node(), 1, dims[3]);
      Tensor y = context.allocateUncleared(x.dtype(), Axes.shape(context, dims));
      long[] border = border(context.node());
      long from = border[1] * shape.dim(3) + border[0];
      StridedCopy.box(x, from, shape.strides(), y, 0, y.shape().strides(), dims);
      return List.of(y);
    });
  }
}
