package io.compresso.graph;

import io.compresso.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Changes to a graph, collected and then applied at once. Nodes are identified by the object;
 * applying sorts the nodes topologically (stable) and drops initializers that nothing reads.
 */
public final class Patch {
  private final Set<Node> removed = Collections.newSetFromMap(new IdentityHashMap<>());
  private final List<Node> added = new ArrayList<>();
  private final Map<Node, Node> replaced = new IdentityHashMap<>();
  private final Map<String, String> renamedUses = new HashMap<>();
  private final Map<String, Tensor> initializers = new LinkedHashMap<>();
  private final Map<String, Integer> opsetImports = new LinkedHashMap<>();
  private long irVersion;
  private boolean functionsDropped;

  public boolean isEmpty() {
    return opsetImports.isEmpty()
        && irVersion == 0
        && !functionsDropped
        && removed.isEmpty()
        && added.isEmpty()
        && replaced.isEmpty()
        && renamedUses.isEmpty()
        && initializers.isEmpty();
  }

  public Patch remove(Node node) {
    removed.add(node);
    return this;
  }

  public Patch add(Node node) {
    added.add(node);
    return this;
  }

  /** Puts {@code replacement} in {@code node}'s place. */
  public Patch replace(Node node, Node replacement) {
    replaced.put(node, replacement);
    return this;
  }

  /**
   * Lets every reader of {@code value}, in subgraphs too (but not the graph's outputs), read {@code
   * other}.
   */
  public Patch renameUses(String value, String other) {
    renamedUses.put(value, other);
    return this;
  }

  /** Adds an initializer, or replaces the one of that name. */
  public Patch initializer(String name, Tensor value) {
    initializers.put(name, value);
    return this;
  }

  /** Imports a version of an operator set in place of the one that the model imports. */
  public Patch opsetImport(String domain, int version) {
    opsetImports.put(domain, version);
    return this;
  }

  /** Raises the model's IR version to at least this one. */
  public Patch irVersion(long atLeast) {
    irVersion = Math.max(irVersion, atLeast);
    return this;
  }

  /** Drops the model's local functions, which nothing may call any more. */
  public Patch dropFunctions() {
    functionsDropped = true;
    return this;
  }

  /**
   * The patched model.
   *
   * @throws GraphException if the nodes form a cycle
   */
  public Model apply(Model model) {
    Map<String, Integer> opsets = new LinkedHashMap<>(model.opsetImports());
    opsets.putAll(opsetImports);
    return new Model(
        Math.max(irVersion, model.irVersion()),
        opsets,
        model.producer(),
        apply(model.graph()),
        functionsDropped ? List.of() : model.functions(),
        model.annotations());
  }

  /**
   * The patched graph, without what the patch does to the model around it.
   *
   * @throws GraphException if the nodes form a cycle
   */
  public Graph apply(Graph graph) {
    List<Node> nodes = new ArrayList<>();
    for (Node node : graph.nodes()) {
      if (!removed.contains(node)) {
        nodes.add(rename(replaced.getOrDefault(node, node)));
      }
    }
    nodes.addAll(added);
    Set<String> read = new HashSet<>();
    graph.outputs().forEach(output -> read.add(output.name()));
    for (Node node : nodes) {
      collectReads(node, read);
    }
    Map<String, ValueInfo> infos = merged(graph.valueInfos(), Map.of(), read);
    graph.inputs().forEach(input -> read.add(input.name()));
    Map<String, Tensor> constants = merged(graph.initializers(), initializers, read);
    return new Graph(
        graph.name(),
        graph.inputs(),
        graph.outputs(),
        sort(nodes),
        constants,
        infos,
        graph.annotations());
  }

  /** What is there before and what is added, under names that are used. */
  private static <T> Map<String, T> merged(
      Map<String, T> before, Map<String, T> added, Set<String> used) {
    if (added.isEmpty() && used.containsAll(before.keySet())) {
      return before;
    }
    Map<String, T> all = new LinkedHashMap<>(before);
    all.putAll(added);
    all.keySet().retainAll(used);
    return all;
  }

  private Node rename(Node node) {
    if (renamedUses.isEmpty()) {
      return node;
    }
    return Renaming.reads(node, this::newName);
  }

  /** Follows renamings of renamed values. */
  private String newName(String name) {
    String result = name;
    for (int i = 0; i <= renamedUses.size() && renamedUses.containsKey(result); i++) {
      result = renamedUses.get(result);
    }
    return result;
  }

  /** The names that {@code node} reads, and those that its subgraphs read from around it. */
  public static Set<String> reads(Node node) {
    Set<String> names = new LinkedHashSet<>();
    collectReads(node, names);
    names.remove("");
    return names;
  }

  private static void collectReads(Node node, Set<String> names) {
    names.addAll(node.inputs());
    if (!node.holdsGraphs()) {
      return;
    }
    for (Attribute attribute : node.attributes().values()) {
      for (Graph body : GraphVerifier.bodies(attribute)) {
        names.addAll(reads(body));
      }
    }
  }

  /** The names that a subgraph reads but does not define. */
  public static Set<String> reads(Graph body) {
    Set<String> names = new LinkedHashSet<>();
    body.outputs().forEach(output -> names.add(output.name()));
    body.nodes().forEach(node -> collectReads(node, names));
    body.nodes().forEach(node -> node.outputs().forEach(names::remove));
    body.inputs().forEach(input -> names.remove(input.name()));
    names.removeAll(body.initializers().keySet());
    return names;
  }

  /**
   * The nodes in an order in which every value is produced before it is read, otherwise as they
   * were.
   *
   * @throws GraphException if there is a cycle
   */
  public static List<Node> sort(List<Node> nodes) {
    Map<String, Integer> producers = new HashMap<>();
    for (int i = 0; i < nodes.size(); i++) {
      for (String output : nodes.get(i).outputs()) {
        if (!output.isEmpty()) {
          producers.put(output, i);
        }
      }
    }
    int[][] before = new int[nodes.size()][];
    boolean sorted = true;
    for (int i = 0; i < before.length; i++) {
      before[i] = producersOf(nodes.get(i), producers);
      for (int needed : before[i]) {
        sorted &= needed < i;
      }
    }
    return sorted ? nodes : sort(nodes, before);
  }

  /** The numbers of the nodes that make what a node reads. */
  private static int[] producersOf(Node node, Map<String, Integer> producers) {
    Collection<String> reads = node.inputs();
    if (node.holdsGraphs()) {
      reads = reads(node);
    }
    int[] needed = new int[reads.size()];
    int count = 0;
    for (String read : reads) {
      Integer producer = read.isEmpty() ? null : producers.get(read);
      if (producer != null) {
        needed[count++] = producer;
      }
    }
    return Arrays.copyOf(needed, count);
  }

  private static List<Node> sort(List<Node> nodes, int[][] before) {
    List<Node> sorted = new ArrayList<>(nodes.size());
    byte[] state = new byte[before.length];
    ArrayDeque<Integer> stack = new ArrayDeque<>();
    for (int root = 0; root < before.length; root++) {
      stack.push(root);
      while (!stack.isEmpty()) {
        int top = stack.peek();
        if (state[top] == 2) {
          stack.pop();
        } else if (state[top] == 1) {
          state[top] = 2;
          sorted.add(nodes.get(top));
          stack.pop();
        } else {
          state[top] = 1;
          for (int needed : before[top]) {
            if (state[needed] == 1) {
              throw new GraphException(nodes.get(top), "is part of a cycle");
            }
            if (state[needed] == 0) {
              stack.push(needed);
            }
          }
        }
      }
    }
    return sorted;
  }
}
