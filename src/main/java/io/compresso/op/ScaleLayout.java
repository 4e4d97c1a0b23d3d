package io.compresso.op;

import io.compresso.tensor.Shape;

/**
 * Which scale belongs to which element: one for the tensor, one for each index of an axis, or one
 * for each block along an axis.
 *
 * @param inner elements between neighbours on the axis; 0 when there is one scale
 * @param size the axis's size
 * @param block how many neighbours share a scale; 0 when all elements of an index do
 */
record ScaleLayout(long inner, long size, long block) {
  /**
   * The layout of {@code scale} for {@code x} by the node's {@code axis} and {@code block_size}.
   *
   * @throws io.compresso.graph.GraphException if the scale's shape does not fit
   */
  static ScaleLayout of(OpContext context, Shape x, Shape scale) {
    if (scale.size() == 1 && scale.rank() <= 1) {
      return new ScaleLayout(0, 1, 0);
    }
    int axis = Axes.normalize(context, context.node().intAttribute("axis", 1), x.rank());
    long inner = x.size(axis + 1, x.rank());
    if (scale.rank() == 1 && scale.size() == x.dim(axis)) {
      return new ScaleLayout(inner, x.dim(axis), 0);
    }
    if (scale.rank() == x.rank()) {
      long blocks = scale.dim(axis);
      long block = context.node().intAttribute("block_size", 0);
      if (block == 0 && blocks > 0) {
        block = Math.ceilDiv(x.dim(axis), blocks);
      }
      if (block > 0
          && Math.ceilDiv(x.dim(axis), block) == blocks
          && x.with(axis, blocks).equals(scale)) {
        return new ScaleLayout(inner, x.dim(axis), block);
      }
    }
    throw context.error("scale " + scale + " does not fit input " + x + " on axis " + axis);
  }

  /** The scale of an element. */
  int index(long element) {
    if (inner == 0) {
      return 0;
    }
    long along = element / inner % size;
    if (block == 0) {
      return (int) along;
    }
    long outer = element / inner / size;
    return (int) ((outer * Math.ceilDiv(size, block) + along / block) * inner + element % inner);
  }
}
