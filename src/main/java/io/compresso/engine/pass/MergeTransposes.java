package io.compresso.engine.pass;

import io.compresso.graph.Attribute;
import io.compresso.graph.Node;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Makes one transpose of two in a row, and none where they cancel. */
final class MergeTransposes extends Rewriting {
  MergeTransposes() {
    super("Transpose");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    Node producer = view.producer(node.input(0));
    if (!mayMerge(node, producer)) {
      return;
    }
    long[] outer = perm(view, node);
    if (outer == null) {
      return;
    }
    if (isIdentity(outer)) {
      replace(node, node.inputs().getFirst(), outer, edit);
      return;
    }
    long[] inner = producer == null ? null : perm(view, producer);
    if (producer == null || inner == null || inner.length != outer.length) {
      return;
    }
    if (!edit.free(List.of(producer, node))) {
      return;
    }
    long[] both = new long[outer.length];
    for (int i = 0; i < both.length; i++) {
      both[i] = inner[(int) outer[i]];
    }
    replace(node, producer.inputs().getFirst(), both, edit);
  }

  /** What can be told without the ranks of values, which have to be inferred. */
  private static boolean mayMerge(Node node, @Nullable Node producer) {
    if (producer != null && producer.is("Transpose")) {
      return true;
    }
    long[] perm = node.intsAttribute("perm");
    return perm == null || isIdentity(perm);
  }

  private static void replace(Node node, String from, long[] perm, Edit edit) {
    NodeBuilder builder =
        isIdentity(perm)
            ? NodeBuilder.onnx("Identity")
            : NodeBuilder.onnx("Transpose").with("perm", Attribute.ints(perm));
    edit.replace(
        List.of(node), builder.name(node.name()).inputs(from).outputs(node.outputs()).build());
  }

  private static boolean isIdentity(long[] perm) {
    for (int i = 0; i < perm.length; i++) {
      if (perm[i] != i) {
        return false;
      }
    }
    return true;
  }

  /** The valid permutation of a transpose, else null. */
  private static long @Nullable [] perm(GraphView view, Node node) {
    if (!node.is("Transpose") || node.input(0) == null) {
      return null;
    }
    int rank = view.rank(node.input(0));
    long[] perm = node.intsAttribute("perm");
    if (perm == null) {
      return rank < 0 ? null : IntStream.range(0, rank).mapToLong(i -> rank - 1 - i).toArray();
    }
    boolean valid =
        IntStream.range(0, perm.length)
            .allMatch(i -> IntStream.range(0, perm.length).anyMatch(j -> perm[j] == i));
    return valid && rank == perm.length ? perm : null;
  }
}
