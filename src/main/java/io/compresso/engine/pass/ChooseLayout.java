package io.compresso.engine.pass;

import io.compresso.graph.Attribute;
import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Lays the data of convolutions with the channels last, where there are kernels for it, and that of
 * the nodes after them that can follow. Transposes stand where such a region begins and ends.
 */
final class ChooseLayout implements ViewPass {
  /** Followers that are better left to the other side of a transpose: they make data larger. */
  private static final Set<String> GROWING = Set.of("Cast", "DequantizeLinear", "Pad", "Resize");

  private final LayoutChoice choice;

  ChooseLayout(LayoutChoice choice) {
    this.choice = choice;
  }

  @Override
  public Patch patch(GraphView view) {
    Region region = new Region(view);
    for (Node node : view.nodes()) {
      region.consider(node, choice.wantsChannelsLast(view, node));
    }
    if (region.moves.isEmpty()) {
      return new Patch();
    }
    region.trim(choice);
    return region.rewrite();
  }

  /** The nodes whose data has its channels last. */
  private static final class Region {
    private final GraphView view;
    private final LayoutRule rule;
    private final Map<Node, LayoutRule.Move> moves = new IdentityHashMap<>();
    private final Set<String> last = new HashSet<>();
    private final Map<String, String> transposed = new HashMap<>();
    private final Rewriting.Edit edit;

    Region(GraphView view) {
      this.view = view;
      this.rule = new LayoutRule(view);
      this.edit = new Rewriting.Edit(view);
    }

    void consider(Node node, boolean seed) {
      boolean follows = !Collections.disjoint(node.inputs(), last);
      LayoutRule.Move move = seed || follows ? rule.of(node) : null;
      if (move == null || !seed && !isWorthIt(node, move)) {
        return;
      }
      moves.put(node, move);
      if (move.follows()) {
        node.outputs().stream().filter(name -> !name.isEmpty()).forEach(last::add);
      }
    }

    private boolean isWorthIt(Node node, LayoutRule.Move move) {
      int inside = 0;
      for (int input : move.data()) {
        inside += last.contains(node.inputs().get(input)) ? 1 : 0;
      }
      return inside > 0 && 2 * inside >= move.data().length;
    }

    /** Takes out followers at the end that the transpose is better before. */
    void trim(LayoutChoice choice) {
      for (Node node : view.nodes().reversed()) {
        if (moves.containsKey(node)
            && GROWING.contains(node.opType())
            && node.outputs().stream().noneMatch(this::isReadInside)
            && !choice.wantsChannelsLast(view, node)) {
          moves.remove(node);
          node.outputs().forEach(last::remove);
        }
      }
    }

    private boolean isReadInside(String value) {
      return view.readers(value).stream().anyMatch(moves::containsKey);
    }

    Patch rewrite() {
      for (Node node : view.nodes()) {
        LayoutRule.Move move = moves.get(node);
        if (move == null) {
          continue;
        }
        List<Node> after = new ArrayList<>();
        Node changed = move.change().apply(node, edit);
        List<String> inputs = new ArrayList<>(changed.inputs());
        for (int input : move.data()) {
          inputs.set(input, channelsLast(node.inputs().get(input), move.rank(), after));
        }
        List<String> outputs = new ArrayList<>();
        for (String output : node.outputs()) {
          outputs.add(
              output.isEmpty() || !move.follows()
                  ? output
                  : channelsLast(output, move.rank(), after));
        }
        after.add(NodeBuilder.like(changed).inputs(inputs).outputs(outputs).build());
        if (move.follows()) {
          for (int i = 0; i < outputs.size(); i++) {
            String output = node.outputs().get(i);
            if (!output.isEmpty() && isReadOutside(output)) {
              long[] perm = new ChannelOrder(move.rank()).toFirst();
              after.add(transpose(outputs.get(i), output, perm));
            }
          }
        }
        edit.replace(List.of(node), after.toArray(Node[]::new));
      }
      return edit.patch();
    }

    /** The name of a value with its channels last; one from outside is transposed once. */
    private String channelsLast(String value, int rank, List<Node> after) {
      String known = transposed.get(value);
      if (known != null) {
        return known;
      }
      String name = edit.fresh(value + "_last");
      transposed.put(value, name);
      if (!last.contains(value)) {
        after.add(transpose(value, name, new ChannelOrder(rank).toLast()));
      }
      return name;
    }

    private static Node transpose(String from, String to, long[] perm) {
      return NodeBuilder.onnx("Transpose")
          .inputs(from)
          .outputs(to)
          .with("perm", Attribute.ints(perm))
          .build();
    }

    private boolean isReadOutside(String value) {
      if (view.isOutput(value)) {
        return true;
      }
      for (Node reader : view.readers(value)) {
        LayoutRule.@Nullable Move move = moves.get(reader);
        if (move == null || !reader.inputs().contains(value)) {
          return true;
        }
        for (int i = 0; i < reader.inputs().size(); i++) {
          if (reader.inputs().get(i).equals(value) && !move.reads(i)) {
            return true;
          }
        }
      }
      return false;
    }
  }
}
