package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Spreads channels over space (Shi et al., "Real-time single image and video super-resolution",
 * 2016): {@code blocks} gives for each spatial axis how many elements one becomes. The channels are
 * counted by group, then by element of the block, row-major, then by channel of the result's group.
 * {@code layout} is as in {@link CompiledConvolution}.
 */
final class PixelShuffle extends Shuffle {
  @Override
  public String opType() {
    return "PixelShuffle";
  }

  private static long[] blocks(Node node, int rank) {
    long[] blocks = node.intsAttribute("blocks", new long[0]);
    if (blocks.length != rank) {
      throw new GraphException(node, blocks.length + " 'blocks' for " + rank + " spatial axes");
    }
    for (long block : blocks) {
      if (block < 1) {
        throw new GraphException(node, "attribute 'blocks' has the value " + block);
      }
    }
    return blocks;
  }

  @Override
  List<Dim> dims(Node node, List<Dim> x) {
    long[] blocks = blocks(node, x.size() - 2);
    long phases = 1;
    for (long block : blocks) {
      phases *= block;
    }
    List<Dim> dims = new ArrayList<>();
    dims.add(x.get(0));
    Long channels = x.get(1).sizeOrNull();
    dims.add(channels == null ? Dim.UNKNOWN : Dim.of(channels / phases));
    for (int axis = 0; axis < blocks.length; axis++) {
      Long size = x.get(axis + 2).sizeOrNull();
      dims.add(size == null ? Dim.UNKNOWN : Dim.of(size * blocks[axis]));
    }
    return dims;
  }

  @Override
  Permutation permutation(Node node, Shape x, boolean last) {
    int rank = x.rank() - 2;
    long[] blocks = blocks(node, rank);
    long group = count(node, "group");
    long phases = 1;
    for (long block : blocks) {
      phases *= block;
    }
    long channels = (last ? x.dim(-1) : x.dim(1)) / phases / group;
    int space = last ? 1 : rank + 3;
    int depth = last ? rank + 1 : 1;
    long[] inside = new long[2 * rank + 3];
    inside[0] = x.dim(0);
    inside[depth] = group;
    inside[depth + rank + 1] = channels;
    long[] outside = new long[rank + 2];
    outside[0] = x.dim(0);
    outside[last ? rank + 1 : 1] = channels * group;
    int[] order = new int[2 * rank + 3];
    int at = 1;
    if (!last) {
      order[at++] = depth;
      order[at++] = depth + rank + 1;
    }
    for (int axis = 0; axis < rank; axis++) {
      long size = x.dim(last ? axis + 1 : axis + 2);
      inside[space + axis] = size;
      inside[depth + 1 + axis] = blocks[axis];
      outside[last ? axis + 1 : axis + 2] = size * blocks[axis];
      order[at++] = space + axis;
      order[at++] = depth + 1 + axis;
    }
    if (last) {
      order[at++] = depth;
      order[at] = depth + rank + 1;
    }
    return new Permutation(Shape.of(inside), order, Shape.of(outside));
  }
}
