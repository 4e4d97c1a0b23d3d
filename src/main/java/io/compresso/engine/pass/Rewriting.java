package io.compresso.engine.pass;

import io.compresso.graph.Annotations;
import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import io.compresso.tensor.Tensor;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A pass that looks at one node after the other and puts other nodes in the place of it and its
 * neighbours. A node is changed once a round; what depends on a changed one waits for the next.
 */
abstract class Rewriting implements ViewPass {
  private final Set<String> opTypes = new HashSet<>();
  private final Map<String, Set<String>> starts = new HashMap<>();

  /**
   * A pass that looks at nodes of some operators.
   *
   * @param starts the operators, as in {@code Gemm} or {@code com.microsoft:FusedGemm}; none where
   *     it looks at all nodes
   */
  Rewriting(String... starts) {
    for (String start : starts) {
      int colon = start.indexOf(':');
      String opType = start.substring(colon + 1);
      opTypes.add(opType);
      this.starts
          .computeIfAbsent(start.substring(0, Math.max(colon, 0)), _ -> new HashSet<>())
          .add(opType);
    }
  }

  @Override
  public boolean concerns(GraphView view) {
    return opTypes.isEmpty() || view.holdsAny(opTypes);
  }

  private boolean starts(Node node) {
    return opTypes.isEmpty()
        || starts.getOrDefault(node.domain(), Set.of()).contains(node.opType());
  }

  @Override
  public final Patch patch(GraphView view) {
    Edit edit = new Edit(view);
    for (Node node : view.nodes()) {
      if (starts(node) && !edit.touched.contains(node)) {
        rewrite(view, node, edit);
      }
    }
    return edit.patch;
  }

  /**
   * Rewrites what ends, or begins, at {@code node}, which is of an operator that the pass looks at,
   * if it is what the pass looks for.
   */
  abstract void rewrite(GraphView view, Node node, Edit edit);

  /** The changes of one round. */
  static final class Edit {
    private final GraphView view;
    private final Patch patch = new Patch();
    private final Set<Node> touched = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Map<String, String> bypassed = new HashMap<>();

    Edit(GraphView view) {
      this.view = view;
    }

    Patch patch() {
      return patch;
    }

    /** Whether none of the nodes was changed in this round. */
    boolean free(List<Node> nodes) {
      for (Node node : nodes) {
        if (touched.contains(node)) {
          return false;
        }
      }
      return true;
    }

    /**
     * Puts {@code after} in the place of {@code before}.
     *
     * @return whether it was done; not when one of the nodes was changed in this round
     */
    boolean replace(List<Node> before, Node... after) {
      if (!free(before)) {
        return false;
      }
      touched.addAll(before);
      before.forEach(patch::remove);
      for (Node node : after) {
        Node named =
            node.annotations().equals(Annotations.NONE) ? Origins.mark(node, before) : node;
        patch.add(
            bypassed.isEmpty()
                ? named
                : named.mapInputs(name -> bypassed.getOrDefault(name, name)));
        if (!view.model().opsetImports().containsKey(named.domain())) {
          patch.opsetImport(named.domain(), 1);
        }
      }
      return true;
    }

    /** Lets the readers of a removed node's output read another value. */
    boolean bypass(Node node, String output, String other) {
      if (!free(List.of(node))) {
        return false;
      }
      touched.add(node);
      String value = bypassed.getOrDefault(other, other);
      bypassed.put(output, value);
      patch.remove(node).renameUses(output, value);
      return true;
    }

    /** Puts a constant in the place of a node's only output. */
    void fold(Node node, String output, Tensor value) {
      if (free(List.of(node))) {
        touched.add(node);
        patch.remove(node).initializer(output, value);
      }
    }

    /** Adds a constant under a fresh name. */
    String constant(String base, Tensor value) {
      String name = view.fresh(base);
      patch.initializer(name, value);
      return name;
    }

    /** A fresh name. */
    String fresh(String base) {
      return view.fresh(base);
    }
  }
}
