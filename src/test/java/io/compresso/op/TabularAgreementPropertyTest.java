package io.compresso.op;

import static io.compresso.tensor.DType.FLOAT;
import static io.compresso.tensor.DType.INT64;
import static io.compresso.tensor.DType.STRING;

import io.compresso.graph.Attribute;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Classic models where ONNX leaves open what they give: seeded ones, as ONNX Runtime has it. */
class TabularAgreementPropertyTest {
  private static final int MODELS = 30;

  /** Every leaf has weights for all outputs. */
  private static final int ALL = -2;

  private static final String[] TRANSFORMS = {"NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"};

  private static Attribute floats(List<Float> values) {
    return new Attribute.Floats(values);
  }

  private static Attribute floats(float... values) {
    List<Float> list = new ArrayList<>();
    for (float value : values) {
      list.add(value);
    }
    return new Attribute.Floats(list);
  }

  private static Attribute ints(List<Long> values) {
    return Attribute.ints(values.stream().mapToLong(Long::longValue).toArray());
  }

  private static List<byte[]> utf8(String... values) {
    return Stream.of(values).map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
  }

  /** Stumps whose leaves have weights for some of the outputs, or for none. */
  private static final class Stumps {
    private final List<Long> trees = new ArrayList<>();
    private final List<Long> nodes = new ArrayList<>();
    private final List<Long> yes = new ArrayList<>();
    private final List<Long> no = new ArrayList<>();
    private final List<Float> values = new ArrayList<>();
    private final List<byte[]> modes = new ArrayList<>();
    private final List<Long> leafTrees = new ArrayList<>();
    private final List<Long> leafNodes = new ArrayList<>();
    private final List<Long> leafOutputs = new ArrayList<>();
    private final List<Float> weights = new ArrayList<>();

    Stumps(SplittableRandom random, int count, int outputs, int only, boolean positive) {
      for (long tree = 0; tree < count; tree++) {
        for (long node = 0; node < 3; node++) {
          trees.add(tree);
          nodes.add(node);
          yes.add(node == 0 ? 1L : 0L);
          no.add(node == 0 ? 2L : 0L);
          values.add(node == 0 ? random.nextInt(3) - 1f : 0f);
          modes.addAll(utf8(node == 0 ? "BRANCH_LEQ" : "LEAF"));
          for (long output = 0; node > 0 && output < outputs; output++) {
            if (only >= 0 ? only == output : only == ALL || random.nextInt(3) > 0) {
              weigh(tree, node, output, random.nextFloat() - (positive ? 0 : 0.5f));
            }
          }
        }
      }
      if (weights.isEmpty()) {
        weigh(0, 1, 0, 0.5f);
      }
    }

    private void weigh(long tree, long node, long output, float weight) {
      leafTrees.add(tree);
      leafNodes.add(node);
      leafOutputs.add(output);
      weights.add(weight);
    }

    PeerComparison of(String operator, String prefix) {
      return PeerComparison.ofMl(operator, 3)
          .with("nodes_treeids", ints(trees))
          .with("nodes_nodeids", ints(nodes))
          .with("nodes_featureids", Attribute.ints(new long[nodes.size()]))
          .with("nodes_modes", new Attribute.Strings(modes))
          .with("nodes_values", floats(values))
          .with("nodes_truenodeids", ints(yes))
          .with("nodes_falsenodeids", ints(no))
          .with(prefix + "_treeids", ints(leafTrees))
          .with(prefix + "_nodeids", ints(leafNodes))
          .with(prefix + "_ids", ints(leafOutputs))
          .with(prefix + "_weights", floats(weights))
          .input(Tensor.ofFloats(Shape.of(4, 1), -1.5f, -0.5f, 0.5f, 1.5f));
    }
  }

  private static void withBase(PeerComparison node, SplittableRandom random, int count) {
    float[] base = new float[count];
    for (int i = 0; i < count; i++) {
      base[i] = random.nextFloat() - 0.5f;
    }
    node.with("base_values", floats(base));
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void treeEnsembleClassifier_agrees(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    for (int model = 0; model < MODELS; model++) {
      int classes = 2 + random.nextInt(6) / 4;
      int only = classes == 3 ? ALL : random.nextBoolean() ? random.nextInt(2) : -1;
      Stumps stumps =
          new Stumps(random, 1 + random.nextInt(3), classes, only, random.nextBoolean());
      boolean text = random.nextBoolean();
      String[] names = {"a", "b", "c"};
      long[] numbers = {3, 7, -2};
      PeerComparison node =
          stumps
              .of("TreeEnsembleClassifier", "class")
              .with("post_transform", Attribute.of(TRANSFORMS[random.nextInt(4)]))
              .output(text ? STRING : INT64)
              .output(FLOAT);
      if (text) {
        node.with("classlabels_strings", new Attribute.Strings(utf8(names).subList(0, classes)));
      } else {
        node.with("classlabels_int64s", Attribute.ints(Arrays.copyOf(numbers, classes)));
      }
      if (random.nextInt(3) == 0) {
        withBase(node, random, classes);
      }
      node.agrees();
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void treeEnsembleRegressor_agrees(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    String[] aggregates = {"SUM", "AVERAGE", "MIN", "MAX"};
    for (int model = 0; model < MODELS; model++) {
      int targets = 1 + random.nextInt(3);
      PeerComparison node =
          new Stumps(random, 1 + random.nextInt(3), targets, -1, random.nextBoolean())
              .of("TreeEnsembleRegressor", "target")
              .with("n_targets", targets)
              .with("aggregate_function", Attribute.of(aggregates[random.nextInt(4)]))
              .with("post_transform", Attribute.of(TRANSFORMS[random.nextInt(4)]))
              .output(FLOAT);
      if (random.nextBoolean()) {
        withBase(node, random, targets);
      }
      node.agrees();
    }
  }

  @Test
  void twoClassesOfOneScore_agree_whenTransformed() throws Exception {
    for (String transform : TRANSFORMS) {
      PeerComparison.ofMl("LinearClassifier", 1)
          .with("coefficients", floats(0.5f, -1.25f))
          .with("intercepts", floats(0.25f))
          .with("classlabels_ints", Attribute.ints(4, 9))
          .with("post_transform", Attribute.of(transform))
          .input(Tensor.ofFloats(Shape.of(2, 2), 1, 2, -3, 1))
          .output(INT64)
          .output(FLOAT)
          .agrees();
      PeerComparison.ofMl("SVMClassifier", 1)
          .with("kernel_type", Attribute.of("RBF"))
          .with("kernel_params", floats(0.3f, 0, 0))
          .with("vectors_per_class", Attribute.ints(1, 2))
          .with("support_vectors", floats(0.5f, 0.25f, -1))
          .with("coefficients", floats(0.75f, -0.5f, -0.25f))
          .with("rho", floats(0.125f))
          .with("classlabels_ints", Attribute.ints(4, 9))
          .with("post_transform", Attribute.of(transform))
          .input(Tensor.ofFloats(Shape.of(2, 1), 1, -2))
          .output(INT64)
          .output(FLOAT)
          .agrees();
    }
  }

  @Test
  void encoders_agree_whereNumbersAreNoneOrNamesComeTwice() throws Exception {
    PeerComparison.ofMl("OneHotEncoder", 1)
        .with("cats_int64s", Attribute.ints(0, 1, 2))
        .input(Tensor.ofFloats(Shape.of(3), Float.NaN, 1, 0))
        .output(FLOAT)
        .agrees();
    PeerComparison.ofMl("LabelEncoder", 1)
        .with("classes_strings", new Attribute.Strings(utf8("a", "b", "a")))
        .input(Tensor.ofStrings(Shape.of(3), utf8("b", "a", "c")))
        .output(INT64)
        .agrees();
    PeerComparison.ofMl("LabelEncoder", 2)
        .with("keys_floats", floats(1, 0, 0))
        .with("values_int64s", Attribute.ints(5, 6, 7))
        .input(Tensor.ofFloats(Shape.of(3), -0f, 0, 1))
        .output(INT64)
        .agrees();
    PeerComparison.ofMl("Normalizer", 1)
        .with("norm", Attribute.of("MAX"))
        .input(Tensor.ofFloats(Shape.of(1, 3), Float.NaN, 1, 2))
        .output(FLOAT)
        .agrees();
  }
}
