package io.compresso.op;

import static io.compresso.tensor.DType.FLOAT;
import static io.compresso.tensor.DType.INT64;
import static io.compresso.tensor.DType.STRING;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Attribute;
import io.compresso.graph.GraphException;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The operators of exported classic models against ONNX Runtime. */
class TabularOperatorsTest {
  private static final String[] MODES = {
    "BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"
  };

  private static PeerComparison of(String operator) {
    return PeerComparison.ofMl(operator, 3);
  }

  private static Attribute floats(double... values) {
    List<Float> list = new ArrayList<>();
    for (double value : values) {
      list.add((float) value);
    }
    return new Attribute.Floats(list);
  }

  private static Attribute strings(String... values) {
    return new Attribute.Strings(
        Arrays.stream(values).map(text -> text.getBytes(StandardCharsets.UTF_8)).toList());
  }

  private static Tensor samples() {
    float[] values = new float[24];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 37 % 19 - 9) / 9f;
    }
    values[5] = Float.NaN;
    values[10] = 0.25f;
    return Tensor.ofFloats(Shape.of(8, 3), values);
  }

  /**
   * Two trees of seven nodes over three features.
   *
   * @param mode of all inner nodes, or null for a different one at each
   * @param targets of the leaves' weights, in turn
   */
  private static PeerComparison trees(
      String operator, String prefix, @Nullable String mode, boolean negative, long... targets) {
    String[] modes = new String[14];
    double[] values = new double[14];
    long[] trees = new long[14];
    long[] nodes = new long[14];
    long[] features = new long[14];
    long[] yes = new long[14];
    long[] no = new long[14];
    long[] missing = new long[14];
    List<Long> leafTrees = new ArrayList<>();
    List<Long> leafNodes = new ArrayList<>();
    List<Long> leafTargets = new ArrayList<>();
    List<Float> weights = new ArrayList<>();
    for (int i = 0; i < 14; i++) {
      int at = i % 7;
      boolean inner = at < 3;
      modes[i] = inner ? (mode == null ? MODES[(i + i / 7) % 6] : mode) : "LEAF";
      values[i] = inner ? new double[] {0.25, -0.5, 0.5}[(i + i / 7) % 3] : 0;
      trees[i] = i / 7;
      nodes[i] = at;
      features[i] = inner ? (i * 2 + 1) % 3 : 0;
      yes[i] = inner ? 2 * at + 1 : 0;
      no[i] = inner ? 2 * at + 2 : 0;
      missing[i] = inner && i % 2 == 0 ? 1 : 0;
      for (int t = 0; !inner && t < targets.length; t++) {
        leafTrees.add(trees[i]);
        leafNodes.add(nodes[i]);
        leafTargets.add(targets[t]);
        float weight = (i * 11 + t * 5) % 13 / 20f + 0.01f;
        weights.add(negative && i % 2 == 0 ? -weight : weight);
      }
    }
    return of(operator)
        .with("nodes_modes", strings(modes))
        .with("nodes_values", floats(values))
        .with("nodes_treeids", Attribute.ints(trees))
        .with("nodes_nodeids", Attribute.ints(nodes))
        .with("nodes_featureids", Attribute.ints(features))
        .with("nodes_truenodeids", Attribute.ints(yes))
        .with("nodes_falsenodeids", Attribute.ints(no))
        .with("nodes_missing_value_tracks_true", Attribute.ints(missing))
        .with(prefix + "_treeids", new Attribute.Ints(leafTrees))
        .with(prefix + "_nodeids", new Attribute.Ints(leafNodes))
        .with(prefix + "_ids", new Attribute.Ints(leafTargets))
        .with(prefix + "_weights", new Attribute.Floats(weights))
        .input(samples());
  }

  private static PeerComparison regressor(@Nullable String mode, long... targets) {
    return trees("TreeEnsembleRegressor", "target", mode, true, targets)
        .with("n_targets", targets.length)
        .output(FLOAT);
  }

  @Test
  void treeEnsembleRegressor_agrees_inEveryMode() throws Exception {
    for (String mode : MODES) {
      regressor(mode, 0).agrees();
    }
    regressor(null, 0).agrees();
  }

  @Test
  void treeEnsembleRegressor_agrees_withEveryAggregate() throws Exception {
    for (String aggregate : List.of("SUM", "AVERAGE", "MIN", "MAX")) {
      for (long[] targets : new long[][] {{0}, {0, 1, 2}}) {
        regressor(null, targets)
            .with("aggregate_function", Attribute.of(aggregate))
            .with("base_values", floats(Arrays.copyOf(new double[] {0.5, -1, 2}, targets.length)))
            .agrees();
      }
    }
  }

  @Test
  void treeEnsembleRegressor_agrees_withEveryTransform() throws Exception {
    for (String transform : List.of("NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO")) {
      regressor(null, 0, 1, 2).with("post_transform", Attribute.of(transform)).agrees();
    }
  }

  /** One split a feature of two, of leaves with three targets. */
  private static PeerComparison ensemble(long targets, long transform) {
    Tensor modes = Tensor.ofBytes(DType.UINT8, Shape.of(2), (byte) 0, (byte) 3);
    return PeerComparison.ofMl("TreeEnsemble", 5)
        .with("n_targets", targets)
        .with("post_transform", transform)
        .with("tree_roots", Attribute.ints(0, 1))
        .with("nodes_modes", Attribute.of(modes))
        .with("nodes_splits", Attribute.of(Tensor.ofFloats(Shape.of(2), 0.1f, -0.2f)))
        .with("nodes_featureids", Attribute.ints(0, 2))
        .with("nodes_truenodeids", Attribute.ints(0, 2))
        .with("nodes_falsenodeids", Attribute.ints(1, 3))
        .with("nodes_trueleafs", Attribute.ints(1, 1))
        .with("nodes_falseleafs", Attribute.ints(1, 1))
        .with("leaf_targetids", Attribute.ints(0, 1 % targets, 2 % targets, 1 % targets))
        .with("leaf_weights", Attribute.of(Tensor.ofFloats(Shape.of(4), 0.3f, 0.2f, 0.4f, 0.15f)))
        .input(samples())
        .output(FLOAT);
  }

  @Test
  void treeEnsemble_agrees_withEveryTransform() throws Exception {
    for (int transform = 0; transform < 4; transform++) {
      ensemble(3, transform).agrees();
    }
    ensemble(1, 0).agrees();
    assertThatThrownBy(() -> ensemble(3, 7).agrees())
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("post_transform");
  }

  private static PeerComparison classifier(boolean negative, long... targets) {
    return trees("TreeEnsembleClassifier", "class", null, negative, targets);
  }

  @Test
  void treeEnsembleClassifier_agrees_withThreeClasses() throws Exception {
    for (String transform : List.of("NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO")) {
      classifier(true, 0, 1, 2)
          .with("classlabels_strings", strings("a", "b", "c"))
          .with("post_transform", Attribute.of(transform))
          .output(STRING)
          .output(FLOAT)
          .agrees();
    }
    classifier(false, 0, 1, 2)
        .with("classlabels_int64s", Attribute.ints(7, 5, 3))
        .with("base_values", floats(0.1, 0.2, 0.3))
        .output(INT64)
        .output(FLOAT)
        .agrees();
  }

  @Test
  void treeEnsembleClassifier_agrees_withWeightsOfOneOfTwoClasses() throws Exception {
    for (boolean negative : new boolean[] {false, true}) {
      for (String transform : List.of("NONE", "LOGISTIC")) {
        classifier(negative, 0)
            .with("classlabels_int64s", Attribute.ints(10, 20))
            .with("post_transform", Attribute.of(transform))
            .output(INT64)
            .output(FLOAT)
            .agrees();
        classifier(negative, 1)
            .with("classlabels_int64s", Attribute.ints(10, 20))
            .with("post_transform", Attribute.of(transform))
            .output(INT64)
            .output(FLOAT)
            .agrees();
      }
    }
  }

  @Test
  void treeEnsembleClassifier_agrees_withTwoClassesAndBaseValues() throws Exception {
    for (boolean negative : new boolean[] {false, true}) {
      for (long[] targets : new long[][] {{0}, {1}, {0, 1}}) {
        for (double[] base : new double[][] {{}, {0.1}, {0.1, 0.2}}) {
          PeerComparison trees =
              classifier(negative, targets).with("classlabels_strings", strings("p", "q"));
          (base.length > 0 ? trees.with("base_values", floats(base)) : trees)
              .output(STRING)
              .output(FLOAT)
              .agrees();
        }
      }
    }
  }

  @Test
  void treeEnsembleClassifier_blamesTheAttribute_whenTreesAreWrong() {
    assertThatThrownBy(() ->
            classifier(true, 0, 1, 5)
                .with("classlabels_int64s", Attribute.ints(0, 1, 2))
                .output(INT64)
                .agrees())
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("class_ids");
    assertThatThrownBy(() ->
            regressor("BRANCH_LEQ", 0)
                .with("nodes_truenodeids", Attribute.ints(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
                .with(
                    "nodes_falsenodeids", Attribute.ints(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
                .agrees())
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("cycle");
  }

  @Test
  void linearClassifier_agrees() throws Exception {
    for (String transform : List.of("NONE", "LOGISTIC", "SOFTMAX")) {
      of("LinearClassifier")
          .with("coefficients", floats(0.1, 0.2, -0.3, 0.5, -0.4, 0.1, 0.2, 0.7, -0.6))
          .with("intercepts", floats(0.1, -0.2, 0.05))
          .with("classlabels_strings", strings("a", "b", "c"))
          .with("multi_class", 1)
          .with("post_transform", Attribute.of(transform))
          .floats(6, 3)
          .output(STRING)
          .output(FLOAT)
          .agrees();
    }
    of("LinearClassifier")
        .with("coefficients", floats(0.1, 0.2, -0.3))
        .with("intercepts", floats(0.1))
        .with("classlabels_ints", Attribute.ints(4, 9))
        .floats(6, 3)
        .output(INT64)
        .output(FLOAT)
        .agrees();
  }

  @Test
  void linearRegressor_agrees_withTransforms() throws Exception {
    for (String transform : List.of("NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO")) {
      of("LinearRegressor")
          .with("coefficients", floats(0.1, 0.2, -0.3, 0.5, -0.4, 0.1))
          .with("intercepts", floats(0.1, -0.2))
          .with("targets", 2)
          .with("post_transform", Attribute.of(transform))
          .floats(6, 3)
          .output(FLOAT)
          .agrees();
    }
  }

  private static PeerComparison machine(String operator, String kernel) {
    return of(operator)
        .with("kernel_type", Attribute.of(kernel))
        .with("kernel_params", floats(0.4, 0.3, 3))
        .with(
            "support_vectors",
            floats(0.1, 0.2, -0.3, 0.5, -0.4, 0.1, 0.2, 0.7, -0.6, -0.9, 0.8, 0.2, 0.3, 0.3, 0.9));
  }

  @Test
  void svmRegressor_agrees_withEveryKernel() throws Exception {
    for (String kernel : List.of("LINEAR", "POLY", "RBF", "SIGMOID")) {
      for (long one : new long[] {0, 1}) {
        machine("SVMRegressor", kernel)
            .with("n_supports", 5)
            .with("coefficients", floats(0.5, -0.7, 0.9, 0.2, -0.8))
            .with("rho", floats(0.15))
            .with("one_class", one)
            .floats(6, 3)
            .output(FLOAT)
            .agrees();
      }
    }
  }

  @Test
  void svmClassifier_agrees_withThreeClasses() throws Exception {
    for (String kernel : List.of("LINEAR", "POLY", "RBF", "SIGMOID")) {
      for (boolean probabilities : new boolean[] {false, true}) {
        PeerComparison classifier =
            machine("SVMClassifier", kernel)
                .with("vectors_per_class", Attribute.ints(2, 1, 2))
                .with("coefficients", floats(0.5, -0.7, 0.9, 0.2, -0.8, 0.3, 0.4, -0.6, -0.1, 0.7))
                .with("rho", floats(0.15, -0.1, 0.05))
                .with("classlabels_strings", strings("a", "b", "c"));
        if (probabilities) {
          classifier.with("prob_a", floats(-1.5, -2, -0.7)).with("prob_b", floats(0.1, -0.2, 0.3));
        }
        classifier.floats(6, 3).output(STRING).output(FLOAT).agrees(1e-4, 0);
      }
    }
  }

  @Test
  void svmClassifier_agrees_withTwoClasses() throws Exception {
    for (boolean probabilities : new boolean[] {false, true}) {
      PeerComparison classifier =
          machine("SVMClassifier", "RBF")
              .with("vectors_per_class", Attribute.ints(2, 3))
              .with("coefficients", floats(0.5, 0.7, -0.9, -0.2, -0.8))
              .with("rho", floats(0.15))
              .with("classlabels_ints", Attribute.ints(4, 9));
      if (probabilities) {
        classifier.with("prob_a", floats(-1.5)).with("prob_b", floats(0.1));
      }
      classifier.floats(6, 3).output(INT64).output(FLOAT).agrees(1e-4, 0);
    }
  }

  private static Tensor words(String... words) {
    return Tensor.ofStrings(
        Shape.of(words.length),
        Arrays.stream(words).map(word -> word.getBytes(StandardCharsets.UTF_8)).toList());
  }

  @Test
  void encoders_agree() throws Exception {
    of("OneHotEncoder")
        .with("cats_int64s", Attribute.ints(3, 1, 2))
        .input(Tensor.ofLongs(Shape.of(2, 2), 1, 2, 7, 3))
        .output(FLOAT)
        .agrees();
    of("OneHotEncoder")
        .with("cats_strings", strings("x", "y"))
        .input(words("y", "x", "z"))
        .output(FLOAT)
        .agrees();
    of("CategoryMapper")
        .with("cats_strings", strings("x", "y"))
        .with("cats_int64s", Attribute.ints(5, 6))
        .input(words("y", "x", "z"))
        .output(INT64)
        .agrees();
    of("CategoryMapper")
        .with("cats_strings", strings("x", "y"))
        .with("cats_int64s", Attribute.ints(5, 6))
        .with("default_string", Attribute.of("none"))
        .input(Tensor.ofLongs(Shape.of(3), 6, 5, 4))
        .output(STRING)
        .agrees();
    assertThatThrownBy(() ->
            of("OneHotEncoder")
                .with("cats_int64s", Attribute.ints(3))
                .with("zeros", 0)
                .input(Tensor.ofLongs(Shape.of(1), 7))
                .output(FLOAT)
                .agrees())
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("zeros");
  }

  @Test
  void imputer_agrees() throws Exception {
    of("Imputer")
        .with("imputed_value_floats", floats(1, 2, 3))
        .with("replaced_value_float", Attribute.of(Float.NaN))
        .input(samples())
        .output(FLOAT)
        .agrees();
    of("Imputer")
        .with("imputed_value_int64s", Attribute.ints(9))
        .with("replaced_value_int64", 4)
        .input(Tensor.ofLongs(Shape.of(2, 2), 4, 1, 2, 4))
        .output(INT64)
        .agrees();
  }

  @Test
  void featureVectorizer_agrees_whenInputsAreCutAndFilled() throws Exception {
    PeerComparison.ofMl("FeatureVectorizer", 1)
        .with("inputdimensions", Attribute.ints(2, 4, 1))
        .floats(3, 2)
        .floats(3, 3)
        .floats(3, 2)
        .output(FLOAT)
        .agrees();
  }
}
