package io.compresso.op;

import static io.compresso.tensor.DType.FLOAT;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Attribute;
import io.compresso.graph.GraphException;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What masked keys and values do to attention, above all those that are not finite: kernels,
 * references and ONNX Runtime agree.
 */
class AttentionMaskTest {
  private static final float HIDDEN = Float.NEGATIVE_INFINITY;

  private final SplittableRandom random = new SplittableRandom(3);

  private Tensor floats(long... dims) {
    Tensor tensor = Tensor.allocate(FLOAT, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, (float) (random.nextDouble() * 2 - 1));
    }
    return tensor;
  }

  /** Random floats but for one element. */
  private Tensor spoiled(boolean spoil, int at, float value, long... dims) {
    Tensor tensor = floats(dims);
    if (spoil) {
      tensor.setFloat(at, value);
    }
    return tensor;
  }

  private static Tensor ints(int... values) {
    return Tensor.ofInts(Shape.of(values.length), values);
  }

  /** Of two heads: each query sees the keys up to its own. */
  private PeerComparison causal(String spoiled, float value) {
    return PeerComparison.of("Attention", 24)
        .with("is_causal", 1)
        .input(floats(1, 2, 3, 8))
        .input(spoiled(spoiled.equals("key"), 17, value, 1, 2, 3, 8))
        .input(spoiled(spoiled.equals("value"), 17, value, 1, 2, 3, 8))
        .output(FLOAT);
  }

  @ParameterizedTest
  @CsvSource({"key, NaN", "key, Infinity", "value, NaN", "value, Infinity", "value, -Infinity"})
  void attention_agrees_whenAHiddenOperandIsNotFinite(String spoiled, float value)
      throws Exception {
    causal(spoiled, value).agrees();
    PeerComparison.of("Attention", 24)
        .input(floats(1, 2, 2, 8))
        .input(spoiled(spoiled.equals("key"), 9, value, 1, 2, 3, 8))
        .input(spoiled(spoiled.equals("value"), 9, value, 1, 2, 3, 8))
        .input(Tensor.ofFloats(Shape.of(2, 3), 0, HIDDEN, 0, 0, 0, 0))
        .output(FLOAT)
        .agrees();
  }

  @ParameterizedTest
  @CsvSource({"key, NaN", "value, NaN", "value, Infinity", "none, 0"})
  void attention_givesZerosForProbabilities_whereTheMaskHidesAllKeys(String spoiled, float value)
      throws Exception {
    PeerComparison.of("Attention", 24)
        .input(floats(1, 1, 2, 8))
        .input(spoiled(spoiled.equals("key"), 9, value, 1, 1, 2, 8))
        .input(spoiled(spoiled.equals("value"), 9, value, 1, 1, 2, 8))
        .input(Tensor.ofFloats(Shape.of(2, 2), HIDDEN, HIDDEN, 0, 0))
        .output(FLOAT)
        .agrees();
  }

  @Test
  void attention_givesNaN_whereOnlyScoresAreNegativeInfinity() throws Exception {
    Tensor ones = floats(1, 1, 2, 4);
    Tensor keys = floats(1, 1, 2, 4);
    for (long i = 0; i < ones.size(); i++) {
      ones.setFloat(i, 1);
      keys.setFloat(i, HIDDEN);
    }
    PeerComparison.of("Attention", 24)
        .input(ones)
        .input(keys)
        .input(floats(1, 1, 2, 4))
        .input(Tensor.ofFloats(Shape.of(2, 2), 0, 0, 0, 0))
        .output(FLOAT)
        .agrees();
  }

  @ParameterizedTest
  @CsvSource({"5, 3", "7, 2", "2, 0"})
  void attention_placesQueriesLast_whenACacheIsMadeByOthers(int first, int second)
      throws Exception {
    PeerComparison.of("Attention", 24)
        .with("is_causal", 1)
        .input(floats(2, 2, 2, 8))
        .input(floats(2, 2, 7, 8))
        .input(floats(2, 2, 7, 8))
        .omitted()
        .omitted()
        .omitted()
        .input(Tensor.ofLongs(Shape.of(2), first, second))
        .output(FLOAT)
        .agrees();
  }

  private PeerComparison multiHead(int queries, int keys) {
    return PeerComparison.ofMicrosoft("MultiHeadAttention")
        .with("num_heads", 2)
        .input(floats(1, queries, 8))
        .input(floats(1, keys, 8))
        .input(floats(1, keys, 8));
  }

  @Test
  void multiHeadAttention_agrees_whereABiasHidesAllKeys() throws Exception {
    multiHead(2, 2)
        .omitted()
        .omitted()
        .input(Tensor.ofFloats(Shape.of(1, 1, 2, 2), HIDDEN, HIDDEN, 0, 0))
        .output(FLOAT)
        .agrees();
  }

  @ParameterizedTest
  @CsvSource({"2, 5", "5, 2", "1, 4", "3, 3"})
  void multiHeadAttention_agrees_whenCausalWithOtherKeys(int queries, int keys) throws Exception {
    multiHead(queries, keys).with("unidirectional", 1).output(FLOAT).agrees();
    multiHead(queries, keys)
        .with("unidirectional", 1)
        .omitted()
        .omitted()
        .omitted()
        .input(floats(1, 2, 3, 4))
        .input(floats(1, 2, 3, 4))
        .output(FLOAT)
        .output(FLOAT)
        .output(FLOAT)
        .agrees();
  }

  /** NaN in a key that a query sees is no law: ONNX Runtime's largest score passes it over. */
  @ParameterizedTest
  @CsvSource({"key, Infinity", "key, -Infinity", "value, NaN", "value, Infinity"})
  void groupQueryAttention_hidesLaterKeys_whateverTheyHold(String spoiled, float value)
      throws Exception {
    for (int cached : new int[] {0, 4}) {
      PeerComparison.ofMicrosoft("GroupQueryAttention")
          .with("num_heads", 2)
          .with("kv_num_heads", 1)
          .with("local_window_size", cached == 0 || spoiled.equals("key") ? -1 : 2)
          .input(floats(1, 3, 16))
          .input(spoiled(spoiled.equals("key"), 9, value, 1, 3, 8))
          .input(spoiled(spoiled.equals("value"), 9, value, 1, 3, 8))
          .input(floats(1, 1, cached, 8))
          .input(floats(1, 1, cached, 8))
          .input(ints(cached + 2))
          .input(ints(cached + 3))
          .constants()
          .output(FLOAT)
          .output(FLOAT)
          .output(FLOAT)
          .agrees();
    }
  }

  @Test
  void groupQueryAttention_seesNoPadding_inAPrompt() throws Exception {
    for (float padding : new float[] {0, Float.NaN, Float.POSITIVE_INFINITY}) {
      Tensor key = spoiled(padding != 0, 17, padding, 2, 3, 8);
      Tensor value = spoiled(padding != 0, 18, padding, 2, 3, 8);
      prompt(2, floats(2, 3, 16), key, value, ints(1, 2)).agrees();
    }
  }

  @Test
  void groupQueryAttention_givesZeros_whereAllScoresAreNegativeInfinity() throws Exception {
    float[] lowest = new float[24];
    float[] ones = new float[24];
    Arrays.fill(lowest, HIDDEN);
    Arrays.fill(ones, 1);
    Tensor query = Tensor.ofFloats(Shape.of(1, 3, 8), ones);
    Tensor key = Tensor.ofFloats(Shape.of(1, 3, 8), lowest);
    prompt(1, query, key, floats(1, 3, 8), ints(2)).agrees();
  }

  /** GroupQueryAttention of three tokens, without a cache, for one head of keys and values. */
  private static PeerComparison prompt(
      int heads, Tensor query, Tensor key, Tensor value, Tensor last) {
    return PeerComparison.ofMicrosoft("GroupQueryAttention")
        .with("num_heads", heads)
        .with("kv_num_heads", 1)
        .input(query)
        .input(key)
        .input(value)
        .omitted()
        .omitted()
        .input(last)
        .input(ints(3))
        .constants()
        .output(FLOAT)
        .output(FLOAT)
        .output(FLOAT);
  }

  @Test
  void attentionWithACache_isRefused_whenKeysAndValuesAreNotOfOneSize() {
    PeerComparison node =
        PeerComparison.ofMicrosoft("Attention")
            .with("num_heads", 2)
            .with("qkv_hidden_sizes", Attribute.ints(8, 8, 4))
            .input(floats(1, 2, 4))
            .input(floats(4, 20))
            .input(floats(20))
            .output(DType.FLOAT)
            .output(DType.FLOAT);
    assertThatThrownBy(() -> node.gives(0))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("node 'n' (Attention)")
        .hasMessageContaining("'present'")
        .hasMessageContaining("'qkv_hidden_sizes' is [8, 8, 4]")
        .hasMessageContaining("leave the cache out");
  }
}
