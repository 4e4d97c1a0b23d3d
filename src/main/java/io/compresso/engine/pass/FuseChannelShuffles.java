package io.compresso.engine.pass;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Makes a shuffle of channels that is written as reshape, transpose and reshape one operator. */
final class FuseChannelShuffles extends Rewriting {
  FuseChannelShuffles() {
    super("Transpose");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    Node before = view.producer(node.input(0));
    Node after = view.onlyReader(node.output(0));
    if (before == null
        || after == null
        || !before.is("Reshape")
        || !after.is("Reshape")
        || view.onlyReader(before.output(0)) != node
        || after.inputs().indexOf(node.outputs().getFirst()) != 0) {
      return;
    }
    List<Dim> from = view.dims(before.input(0));
    List<Dim> inside = view.dims(node.input(0));
    if (from == null
        || inside == null
        || !isSame(from, view.dims(after.output(0)))
        || from.size() < 3
        || from.stream().anyMatch(dim -> dim instanceof Dim.Unknown)
        || inside.size() != from.size() + 1
        || !(inside.get(1) instanceof Dim.Fixed(long group))
        || !(inside.get(2) instanceof Dim.Fixed(long channels))
        || !from.get(1).equals(Dim.of(group * channels))
        || group < 1
        || channels < 1) {
      return;
    }
    List<Dim> rest = new ArrayList<>(inside);
    rest.subList(1, 3).clear();
    rest.add(1, from.get(1));
    long[] perm =
        LongStream.range(0, inside.size()).map(i -> i == 1 ? 2 : i == 2 ? 1 : i).toArray();
    if (!rest.equals(from) || !Arrays.equals(node.intsAttribute("perm", new long[0]), perm)) {
      return;
    }
    edit.replace(
        List.of(before, node, after),
        NodeBuilder.own("ChannelShuffle")
            .name(node.name())
            .inputs(before.input(0))
            .outputs(after.outputs())
            .with("group", group)
            .build());
  }

  /** Whether shapes of as many elements are the same; the channels then follow from the others. */
  private static boolean isSame(List<Dim> from, @Nullable List<Dim> to) {
    if (to == null || to.size() != from.size()) {
      return false;
    }
    for (int axis = 0; axis < to.size(); axis++) {
      boolean follows = axis == 1 && to.get(axis) instanceof Dim.Unknown;
      if (!follows && !to.get(axis).equals(from.get(axis))) {
        return false;
      }
    }
    return true;
  }
}
