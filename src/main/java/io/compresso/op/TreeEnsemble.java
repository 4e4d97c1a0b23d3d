package io.compresso.op;

import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** An ensemble of decision trees over samples {@code [N, F]}, to targets {@code [N, T]}. */
final class TreeEnsemble extends MlOperator {
  @Override
  public String opType() {
    return "TreeEnsemble";
  }

  @Override
  public List<Integer> versions() {
    return List.of(5);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> x = context.dims(0);
      long targets = Math.max(0, context.node().intAttribute("n_targets", 0));
      return List.of(
          Dims.tensor(
              context.dtype(0),
              List.of(x == null || x.size() != 2 ? Dim.UNKNOWN : x.getFirst(), Dim.of(targets))));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    int targets = Math.toIntExact(context.node().intAttribute("n_targets", 0));
    if (x.shape().rank() != 2 || targets < 1) {
      throw context.error("input " + x.shape() + " for " + targets + " targets");
    }
    PostTransform transform = transform(context);
    Trees trees = Trees.of(context);
    int rows = Math.toIntExact(x.shape().dim(0));
    int width = Math.toIntExact(x.shape().dim(1));
    double[] values = Reals.doubles(x);
    double[] y = new double[Math.multiplyExact(rows, targets)];
    for (int row = 0; row < rows; row++) {
      double[] sample = Arrays.copyOfRange(values, row * width, (row + 1) * width);
      double[] scores = new double[targets];
      trees.sum(context, sample, scores, targets);
      transform.apply(scores);
      System.arraycopy(scores, 0, y, row * targets, targets);
    }
    return Reals.tensor(context, x.dtype(), Shape.of(rows, targets), y);
  }

  /**
   * By ONNX Runtime's numbers, which models are made for: 1 and 2 are {@code LOGISTIC} and {@code
   * SOFTMAX}, and the other way round in the specification.
   */
  private static PostTransform transform(OpContext context) {
    long code = context.node().intAttribute("post_transform", 0);
    PostTransform[] all = PostTransform.values();
    if (code < 0 || code >= all.length) {
      throw context.error("attribute 'post_transform' is " + code);
    }
    return all[(int) code];
  }

  private record Trees(
      long[] roots,
      Branches branches,
      long[] leafTargets,
      Tensor leafWeights,
      List<Set<Double>> sets,
      long aggregate) {
    static Trees of(OpContext context) {
      Branches branches = Branches.of(context);
      List<Set<Double>> members = new ArrayList<>();
      if (context.node().attributes().get("membership_values")
          instanceof Attribute.TensorValue(Tensor values)) {
        Set<Double> set = new HashSet<>();
        for (long i = 0; i < values.size(); i++) {
          if (Double.isNaN(values.getDouble(i))) {
            members.add(set);
            set = new HashSet<>();
          } else {
            set.add(values.getDouble(i));
          }
        }
      }
      List<Set<Double>> sets = new ArrayList<>();
      int next = 0;
      for (long node = 0; node < branches.modes().size(); node++) {
        boolean member = branches.modes().getLong(node) == 6;
        sets.add(member && next < members.size() ? members.get(next++) : Set.of());
      }
      Tensor weights = tensor(context, "leaf_weights");
      long[] targets = context.node().intsAttribute("leaf_targetids", new long[0]);
      if (weights.size() != targets.length) {
        throw context.error(weights.size() + " leaf weights for " + targets.length + " leaves");
      }
      return new Trees(
          context.node().intsAttribute("tree_roots", new long[0]),
          branches,
          targets,
          weights,
          sets,
          context.node().intAttribute("aggregate_function", 1));
    }

    void sum(OpContext context, double[] sample, double[] y, int targets) {
      boolean[] seen = new boolean[targets];
      for (long root : roots) {
        int leaf = leaf(context, root, sample);
        long target = leafTargets[leaf];
        if (target < 0 || target >= targets) {
          throw context.error("leaf " + leaf + " has target " + target);
        }
        int at = (int) target;
        double weight = leafWeights.getDouble(leaf);
        y[at] =
            !seen[at]
                ? weight
                : aggregate == 2
                    ? Math.min(y[at], weight)
                    : aggregate == 3 ? Math.max(y[at], weight) : y[at] + weight;
        seen[at] = true;
      }
      for (int i = 0; aggregate == 0 && i < targets; i++) {
        y[i] /= roots.length;
      }
    }

    private int leaf(OpContext context, long root, double[] sample) {
      long node = root;
      for (int step = 0; step <= branches.features().length; step++) {
        int at = index(context, "node", node, branches.features().length);
        int feature = index(context, "feature", branches.features()[at], sample.length);
        boolean goes = branches.test(context, at, sample[feature], sets.get(at));
        node = goes ? branches.trueIds()[at] : branches.falseIds()[at];
        if ((goes ? branches.trueLeaves()[at] : branches.falseLeaves()[at]) != 0) {
          return index(context, "leaf", node, leafTargets.length);
        }
      }
      throw context.error("the tree from node " + root + " has a cycle");
    }

    private static int index(OpContext context, String what, long index, int size) {
      if (index < 0 || index >= size) {
        throw context.error(what + " " + index + " is outside " + size);
      }
      return (int) index;
    }
  }

  private static Tensor tensor(OpContext context, String name) {
    if (context.node().attributes().get(name) instanceof Attribute.TensorValue(Tensor value)) {
      return value;
    }
    throw context.error("attribute '" + name + "' is missing");
  }

  /** The inner nodes, by index. */
  private record Branches(
      Tensor modes,
      Tensor splits,
      long[] features,
      long[] trueIds,
      long[] falseIds,
      long[] trueLeaves,
      long[] falseLeaves,
      long[] missingTrue) {
    static Branches of(OpContext context) {
      Tensor modes = tensor(context, "nodes_modes");
      int count = Math.toIntExact(modes.size());
      Tensor splits = tensor(context, "nodes_splits");
      if (splits.size() != count) {
        throw context.error(splits.size() + " splits for " + count + " nodes");
      }
      return new Branches(
          modes,
          splits,
          ints(context, "nodes_featureids", count, false),
          ints(context, "nodes_truenodeids", count, false),
          ints(context, "nodes_falsenodeids", count, false),
          ints(context, "nodes_trueleafs", count, false),
          ints(context, "nodes_falseleafs", count, false),
          ints(context, "nodes_missing_value_tracks_true", count, true));
    }

    private static long[] ints(OpContext context, String name, int count, boolean optional) {
      long[] values = context.node().intsAttribute(name, new long[0]);
      if (optional && values.length == 0) {
        return new long[count];
      }
      if (values.length != count) {
        throw context.error(
            "attribute '%s' has %d values for %d nodes".formatted(name, values.length, count));
      }
      return values;
    }

    boolean test(OpContext context, int node, double x, Set<Double> set) {
      double split = splits.getDouble(node);
      boolean passed =
          switch ((int) modes.getLong(node)) {
            case 0 -> x <= split;
            case 1 -> x < split;
            case 2 -> x >= split;
            case 3 -> x > split;
            case 4 -> x == split;
            case 5 -> x != split;
            case 6 -> set.contains(x);
            default -> throw context.error("mode of node " + node + " is not known");
          };
      return passed || Double.isNaN(x) && missingTrue[node] != 0;
    }
  }
}
