package io.compresso.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How a model's local functions call one another: never themselves, and neither so deep nor so
 * often that the graph without calls could not be handled.
 */
final class FunctionCalls {
  /** The most functions of which each calls the next. */
  private static final int MOST_NESTED = 256;

  /** The most nodes that all calls may stand for. */
  private static final long MOST_NODES = 50_000;

  /**
   * A function with all it calls.
   *
   * @param depth how many functions call the next, itself included
   * @param nodes it has with those of the functions that it calls, each time it does
   */
  private record Extent(int depth, long nodes) {}

  private final Map<String, Function> functions;
  private final Map<String, Extent> known = new HashMap<>();

  /**
   * @param functions by {@link #key}
   */
  FunctionCalls(Map<String, Function> functions) {
    this.functions = functions;
  }

  /** What names a function, and the operator of a node that calls it. */
  static String key(String domain, String name, String overload) {
    String key = domain.isEmpty() || domain.equals("ai.onnx") ? name : domain + "." + name;
    return overload.isEmpty() ? key : key + ":" + overload;
  }

  /**
   * Checks all functions and the graph's calls.
   *
   * @throws GraphException if a function calls itself, or the calls are too many or too deep
   */
  void verify(Graph graph) {
    if (functions.isEmpty()) {
      return;
    }
    for (String key : functions.keySet()) {
      extent(key, new ArrayList<>());
    }
    long nodes = 0;
    for (String called : calls(graph.nodes())) {
      Extent extent = known.get(called);
      nodes += extent == null ? 0 : extent.nodes();
      if (nodes > MOST_NODES) {
        throw tooMany("the graph's calls of functions stand for");
      }
    }
  }

  /** Walks the calls of a function; {@code path} holds those being walked. */
  private Extent extent(String key, List<String> path) {
    Extent extent = known.get(key);
    if (extent != null) {
      return extent;
    }
    if (path.contains(key)) {
      throw new GraphException(
          "function '" + key + "' calls itself: " + String.join(" -> ", path) + " -> " + key);
    }
    path.add(key);
    Function function = functions.get(key);
    List<String> calls = function == null ? List.of() : calls(function.nodes());
    int depth = 0;
    long nodes = 0;
    Set<String> seen = new HashSet<>();
    for (String called : calls) {
      if (!functions.containsKey(called)) {
        nodes++;
        continue;
      }
      if (seen.add(called) && path.size() >= MOST_NESTED) {
        throw tooDeep(path.getFirst());
      }
      Extent inner = extent(called, path);
      depth = Math.max(depth, inner.depth());
      nodes += inner.nodes();
      if (nodes > MOST_NODES) {
        throw tooMany("function '" + key + "' stands for");
      }
    }
    if (depth >= MOST_NESTED) {
      throw tooDeep(key);
    }
    path.removeLast();
    Extent result = new Extent(depth + 1, nodes);
    known.put(key, result);
    return result;
  }

  private static GraphException tooDeep(String key) {
    return new GraphException(
        "function '%s' calls functions more than %d deep; write some of them out"
            .formatted(key, MOST_NESTED));
  }

  private static GraphException tooMany(String who) {
    return new GraphException(
        "%s more than %d nodes when all calls are written out".formatted(who, MOST_NODES));
  }

  /** The keys of what all nodes call, those in subgraphs included, each time they do. */
  private static List<String> calls(List<Node> nodes) {
    List<String> calls = new ArrayList<>();
    collect(nodes, calls);
    return calls;
  }

  private static void collect(List<Node> nodes, List<String> calls) {
    for (Node node : nodes) {
      calls.add(key(node.domain(), node.opType(), node.overload()));
      for (Attribute attribute : node.attributes().values()) {
        GraphVerifier.bodies(attribute).forEach(body -> collect(body.nodes(), calls));
      }
    }
  }
}
