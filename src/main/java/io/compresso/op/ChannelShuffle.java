package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import java.util.List;

/**
 * Deals the channels of {@code group} groups out in turn (Zhang et al., "ShuffleNet", 2018):
 * channel {@code g * n + i} becomes {@code i * group + g}. {@code layout} is as in {@link
 * CompiledConvolution}.
 */
final class ChannelShuffle extends Shuffle {
  @Override
  public String opType() {
    return "ChannelShuffle";
  }

  @Override
  List<Dim> dims(Node node, List<Dim> x) {
    return x;
  }

  @Override
  Permutation permutation(Node node, Shape x, boolean last) {
    long group = count(node, "group");
    int rank = x.rank();
    if (last) {
      long plane = x.size(1, rank - 1);
      return new Permutation(
          Shape.of(x.dim(0), plane, group, x.dim(-1) / group), new int[] {0, 1, 3, 2}, x);
    }
    return new Permutation(
        Shape.of(x.dim(0), group, x.dim(1) / group, x.size(2, rank)), new int[] {0, 2, 1, 3}, x);
  }
}
