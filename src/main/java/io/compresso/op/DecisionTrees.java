package io.compresso.op;

import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The trees of {@code TreeEnsembleClassifier} and {@code TreeEnsembleRegressor}, one array for each
 * property of their nodes.
 */
final class DecisionTrees {
  private static final List<String> MODES =
      List.of(
          "BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "LEAF");
  private static final int LEAF = MODES.indexOf("LEAF");

  private final Node node;
  private final int[] modes;
  private final double[] values;
  private final int[] features;
  private final int[] yes;
  private final int[] no;
  private final boolean[] missingYes;
  private final int[] roots;
  private final int[][] targets;
  private final double[][] weights;
  private final boolean negative;
  private final int outputs;

  /** A node's place: tree and number within it. */
  private record Place(long tree, long node) {}

  /**
   * The trees of a node's attributes.
   *
   * @param prefix of the attributes that give the leaves' weights: {@code target} or {@code class}
   * @param outputs how many targets or classes there are
   * @throws GraphException if lists differ in length, or name what is not there
   */
  DecisionTrees(Node node, String prefix, int outputs) {
    this.node = node;
    this.outputs = outputs;
    List<byte[]> names = MlAttributes.strings(node, "nodes_modes");
    int count = names.size();
    modes = names.stream().mapToInt(this::mode).toArray();
    values = MlAttributes.reals(node, "nodes_values");
    MlAttributes.requireCount(node, "nodes_values", values.length, count);
    long[] trees = MlAttributes.ints(node, "nodes_treeids", count);
    long[] ids = MlAttributes.ints(node, "nodes_nodeids", count);
    features = new int[count];
    long[] given = MlAttributes.ints(node, "nodes_featureids", count);
    long[] missing = node.intsAttribute("nodes_missing_value_tracks_true", new long[0]);
    if (missing.length > 0) {
      MlAttributes.requireCount(node, "nodes_missing_value_tracks_true", missing.length, count);
    }
    missingYes = new boolean[count];
    Map<Place, Integer> places = new HashMap<>();
    for (int i = 0; i < count; i++) {
      if (modes[i] != LEAF && (given[i] < 0 || given[i] > Integer.MAX_VALUE)) {
        throw error("nodes_featureids", given[i]);
      }
      features[i] = modes[i] == LEAF ? 0 : (int) given[i];
      missingYes[i] = missing.length > 0 && missing[i] == 1;
      if (places.put(new Place(trees[i], ids[i]), i) != null) {
        throw new GraphException(
            node,
            "attribute 'nodes_nodeids' has node %d of tree %d twice".formatted(ids[i], trees[i]));
      }
    }
    yes = children("nodes_truenodeids", trees, places);
    no = children("nodes_falsenodeids", trees, places);
    roots = roots(trees);
    targets = new int[count][0];
    weights = new double[count][0];
    negative = leaves(prefix, places);
  }

  private int mode(byte[] name) {
    String text = new String(name, StandardCharsets.UTF_8);
    int mode = MODES.indexOf(text);
    if (mode < 0) {
      throw new GraphException(node, "attribute 'nodes_modes' holds '" + text + "'");
    }
    return mode;
  }

  private GraphException error(String attribute, long value) {
    return new GraphException(
        node, "attribute '" + attribute + "' names " + value + ", which is not there");
  }

  private int[] children(String attribute, long[] trees, Map<Place, Integer> places) {
    long[] ids = MlAttributes.ints(node, attribute, modes.length);
    int[] children = new int[modes.length];
    for (int i = 0; i < children.length; i++) {
      if (modes[i] != LEAF) {
        Integer child = places.get(new Place(trees[i], ids[i]));
        if (child == null) {
          throw error(attribute, ids[i]);
        }
        children[i] = child;
      }
    }
    return children;
  }

  /** The first node of each tree. */
  private static int[] roots(long[] trees) {
    int[] roots = new int[trees.length];
    int count = 0;
    for (int i = 0; i < trees.length; i++) {
      if (i == 0 || trees[i] != trees[i - 1]) {
        roots[count++] = i;
      }
    }
    return Arrays.copyOf(roots, count);
  }

  private boolean leaves(String prefix, Map<Place, Integer> places) {
    double[] given = MlAttributes.reals(node, prefix + "_weights");
    long[] ids = MlAttributes.ints(node, prefix + "_ids", given.length);
    long[] nodes = MlAttributes.ints(node, prefix + "_nodeids", given.length);
    long[] trees = MlAttributes.ints(node, prefix + "_treeids", given.length);
    boolean below = false;
    for (int i = 0; i < given.length; i++) {
      Integer leaf = places.get(new Place(trees[i], nodes[i]));
      if (leaf == null) {
        throw error(prefix + "_nodeids", nodes[i]);
      }
      if (ids[i] < 0 || ids[i] >= outputs) {
        throw error(prefix + "_ids", ids[i]);
      }
      int at = targets[leaf].length;
      targets[leaf] = Arrays.copyOf(targets[leaf], at + 1);
      weights[leaf] = Arrays.copyOf(weights[leaf], at + 1);
      targets[leaf][at] = (int) ids[i];
      weights[leaf][at] = given[i];
      below |= given[i] < 0;
    }
    return below;
  }

  /** How many trees there are. */
  int count() {
    return roots.length;
  }

  /** Whether a leaf's weight is negative. */
  boolean hasNegativeWeights() {
    return negative;
  }

  /** The one output that all leaves have weights for, or -1. */
  int onlyTarget() {
    int[] all = Arrays.stream(targets).flatMapToInt(Arrays::stream).distinct().toArray();
    return all.length == 1 ? all[0] : -1;
  }

  /**
   * The leaves' weights for a sample, together for each output; where there is one output only, a
   * leaf without a weight has 0.
   *
   * @param reached set where a leaf had a weight for the output
   */
  double[] scores(double[] sample, Aggregate aggregate, boolean[] reached) {
    double[] scores = new double[outputs];
    for (int root : roots) {
      int leaf = leaf(root, sample);
      if (outputs == 1 && targets[leaf].length == 0) {
        scores[0] = reached[0] ? aggregate.combine(scores[0], 0) : 0;
        reached[0] = true;
      }
      for (int i = 0; i < targets[leaf].length; i++) {
        int target = targets[leaf][i];
        scores[target] =
            reached[target]
                ? aggregate.combine(scores[target], weights[leaf][i])
                : weights[leaf][i];
        reached[target] = true;
      }
    }
    for (int i = 0; aggregate == Aggregate.AVERAGE && i < outputs; i++) {
      scores[i] /= roots.length;
    }
    return scores;
  }

  private int leaf(int root, double[] sample) {
    int at = root;
    for (int step = 0; modes[at] != LEAF; step++) {
      if (step > modes.length) {
        throw new GraphException(
            node, "attributes 'nodes_truenodeids' and 'nodes_falsenodeids' make a cycle");
      }
      if (features[at] >= sample.length) {
        throw new GraphException(
            node,
            "attribute 'nodes_featureids' names feature %d, a sample has %d"
                .formatted(features[at], sample.length));
      }
      at = test(at, sample[features[at]]) ? yes[at] : no[at];
    }
    return at;
  }

  private boolean test(int at, double x) {
    boolean passed =
        switch (modes[at]) {
          case 0 -> x <= values[at];
          case 1 -> x < values[at];
          case 2 -> x >= values[at];
          case 3 -> x > values[at];
          case 4 -> x == values[at];
          default -> x != values[at];
        };
    return passed || missingYes[at] && Double.isNaN(x);
  }

  /** How the trees' weights for one output become its score. */
  enum Aggregate {
    SUM,
    AVERAGE,
    MIN,
    MAX;

    static Aggregate of(Node node) {
      String name = node.stringAttribute("aggregate_function", "SUM");
      try {
        return valueOf(name);
      } catch (IllegalArgumentException e) {
        throw new GraphException(node, "attribute 'aggregate_function' is '" + name + "'", e);
      }
    }

    double combine(double a, double b) {
      return switch (this) {
        case SUM, AVERAGE -> a + b;
        case MIN -> Math.min(a, b);
        case MAX -> Math.max(a, b);
      };
    }
  }
}
