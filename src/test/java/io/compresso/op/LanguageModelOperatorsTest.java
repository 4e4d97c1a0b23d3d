package io.compresso.op;

import static io.compresso.tensor.DType.FLOAT;
import static io.compresso.tensor.DType.UINT8;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Attribute;
import io.compresso.graph.GraphException;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** The operators of exported language models against ONNX Runtime, which defines them. */
class LanguageModelOperatorsTest {
  private static PeerComparison of(String operator) {
    return PeerComparison.ofMicrosoft(operator);
  }

  private static Tensor ints(int... values) {
    return Tensor.ofInts(Shape.of(values.length), values);
  }

  @Test
  void simplifiedLayerNormalization_agrees() throws Exception {
    PeerComparison.of("SimplifiedLayerNormalization", 17)
        .with("axis", -1)
        .with("epsilon", Attribute.of(1e-3f))
        .floats(2, 3, 16)
        .floats(16)
        .output(FLOAT)
        .constants()
        .agrees();
    PeerComparison.of("SimplifiedLayerNormalization", 17)
        .with("axis", 1)
        .floats(2, 3, 16)
        .floats(3, 16)
        .output(FLOAT)
        .output(FLOAT)
        .agrees();
  }

  @Test
  void simplifiedLayerNormalization_isTheSame_inTheOtherDomain() throws Exception {
    Tensor x = Tensor.ofFloats(Shape.of(1, 2), 3, 4);
    of("SimplifiedLayerNormalization")
        .with("epsilon", Attribute.of(0f))
        .input(x)
        .input(Tensor.ofFloats(Shape.of(2), 1, 2))
        .output(FLOAT)
        .gives(1e-6, 3 / Math.sqrt(12.5), 8 / Math.sqrt(12.5));
  }

  @Test
  void skipSimplifiedLayerNormalization_agrees() throws Exception {
    of("SkipSimplifiedLayerNormalization")
        .with("epsilon", Attribute.of(1e-5f))
        .floats(2, 3, 16)
        .floats(2, 3, 16)
        .floats(16)
        .output(FLOAT)
        .agrees();
    of("SkipSimplifiedLayerNormalization")
        .floats(2, 3, 16)
        .floats(2, 3, 16)
        .floats(16)
        .floats(16)
        .output(FLOAT)
        .omittedOutput()
        .omittedOutput()
        .output(FLOAT)
        .agrees();
  }

  @Test
  void skipSimplifiedLayerNormalization_agrees_whenScaleIsConstant() throws Exception {
    for (int width : new int[] {16, 37}) {
      of("SkipSimplifiedLayerNormalization")
          .floats(2, 3, width)
          .floats(2, 3, width)
          .floats(width)
          .output(FLOAT)
          .constants()
          .agrees();
    }
  }

  @Test
  void skipNormalizations_agree_whenTheSumIsKept() throws Exception {
    for (boolean simplified : new boolean[] {true, false}) {
      for (boolean biased : new boolean[] {false, true}) {
        PeerComparison skip =
            of(simplified ? "SkipSimplifiedLayerNormalization" : "SkipLayerNormalization")
                .with("epsilon", Attribute.of(1e-5f))
                .floats(2, 3, 37)
                .floats(2, 3, 37)
                .floats(37);
        if (!simplified) {
          skip.floats(37);
        }
        if (biased) {
          skip.floats(37);
        }
        skip.output(FLOAT).omittedOutput().omittedOutput().output(FLOAT).constants().agrees();
      }
    }
    of("SkipSimplifiedLayerNormalization")
        .floats(2, 3, 16)
        .floats(1, 3, 16)
        .floats(16)
        .floats(16)
        .output(FLOAT)
        .constants()
        .agrees();
  }

  @Test
  void rotaryEmbedding_agrees_whenInputIsFlat() throws Exception {
    for (long interleaved : new long[] {0, 1}) {
      of("RotaryEmbedding")
          .with("interleaved", interleaved)
          .floats(2, 3, 32)
          .input(Tensor.ofLongs(Shape.of(2, 3), 0, 1, 2, 7, 4, 5))
          .floats(8, 4)
          .floats(8, 4)
          .output(FLOAT)
          .agrees();
      of("RotaryEmbedding")
          .with("interleaved", interleaved)
          .with("num_heads", 2)
          .with("rotary_embedding_dim", 8)
          .with("scale", Attribute.of(1f))
          .floats(2, 3, 32)
          .input(Tensor.ofLongs(Shape.of(1), 4))
          .floats(8, 4)
          .floats(8, 4)
          .output(FLOAT)
          .agrees();
    }
  }

  @Test
  void rotaryEmbedding_agrees_whenHeadsAreAnAxis() throws Exception {
    of("RotaryEmbedding")
        .floats(2, 4, 3, 8)
        .input(Tensor.ofLongs(Shape.of(2, 3), 0, 1, 2, 7, 4, 5))
        .floats(8, 4)
        .floats(8, 4)
        .output(FLOAT)
        .agrees();
    of("RotaryEmbedding")
        .with("is_packed_batching", 1)
        .floats(1, 4, 6, 8)
        .input(Tensor.ofLongs(Shape.of(1, 6), 0, 1, 2, 0, 1, 2))
        .floats(4, 4)
        .floats(4, 4)
        .output(FLOAT)
        .agrees();
  }

  @Test
  void rotaryEmbedding_names_whatDoesNotFit() {
    assertThatThrownBy(() ->
            of("RotaryEmbedding")
                .floats(1, 2, 8)
                .input(Tensor.ofLongs(Shape.of(1, 2), 0, 9))
                .floats(8, 4)
                .floats(8, 4)
                .output(FLOAT)
                .agrees())
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("position 9 is outside a cache of 8");
    assertThatThrownBy(() ->
            of("RotaryEmbedding")
                .with("rotary_embedding_dim", 4)
                .floats(1, 2, 8)
                .input(Tensor.ofLongs(Shape.of(1, 2), 0, 1))
                .floats(8, 4)
                .floats(8, 4)
                .output(FLOAT)
                .agrees())
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("rotary_embedding_dim");
  }

  private static PeerComparison grouped() {
    return of("GroupQueryAttention").with("num_heads", 4).with("kv_num_heads", 2);
  }

  private static PeerComparison outputs(PeerComparison comparison) {
    return comparison.output(FLOAT).output(FLOAT).output(FLOAT);
  }

  @Test
  void groupQueryAttention_agrees_onAPrompt() throws Exception {
    outputs(
            grouped()
                .floats(2, 5, 64)
                .floats(2, 5, 32)
                .floats(2, 5, 32)
                .omitted()
                .omitted()
                .input(ints(4, 4))
                .input(ints(5)))
        .agrees();
  }

  @Test
  void groupQueryAttention_agrees_onATokenAfterACache() throws Exception {
    for (long window : new long[] {-1, 3}) {
      outputs(
              grouped()
                  .with("local_window_size", window)
                  .with("softcap", Attribute.of(0.7f))
                  .with("scale", Attribute.of(0.4f))
                  .floats(2, 1, 64)
                  .floats(2, 1, 32)
                  .floats(2, 1, 32)
                  .floats(2, 2, 8, 16)
                  .floats(2, 2, 8, 16)
                  .input(ints(6, 4))
                  .input(ints(7)))
          .agrees();
    }
  }

  @Test
  void groupQueryAttention_agrees_whenTheCacheGrows() throws Exception {
    outputs(
            grouped()
                .floats(1, 3, 64)
                .floats(1, 3, 32)
                .floats(1, 3, 32)
                .floats(1, 2, 4, 16)
                .floats(1, 2, 4, 16)
                .input(ints(6))
                .input(ints(7)))
        .agrees();
  }

  @Test
  void groupQueryAttention_agrees_whenPackedAndRotated() throws Exception {
    for (long interleaved : new long[] {0, 1}) {
      outputs(
              grouped()
                  .with("do_rotary", 1)
                  .with("rotary_interleaved", interleaved)
                  .floats(2, 4, 128)
                  .omitted()
                  .omitted()
                  .omitted()
                  .omitted()
                  .input(ints(3, 3))
                  .input(ints(4))
                  .floats(8, 8)
                  .floats(8, 8))
          .agrees();
      outputs(
              grouped()
                  .with("do_rotary", 1)
                  .with("rotary_interleaved", interleaved)
                  .with("local_window_size", 2)
                  .floats(2, 1, 64)
                  .floats(2, 1, 32)
                  .floats(2, 1, 32)
                  .floats(2, 2, 5, 16)
                  .floats(2, 2, 5, 16)
                  .input(ints(5, 3))
                  .input(ints(6))
                  .floats(8, 8)
                  .floats(8, 8))
          .agrees();
    }
  }

  @Test
  void groupQueryAttention_agrees_withBiasAndSinks() throws Exception {
    outputs(
            grouped()
                .floats(1, 5, 64)
                .floats(1, 5, 32)
                .floats(1, 5, 32)
                .omitted()
                .omitted()
                .input(ints(4))
                .input(ints(5))
                .omitted()
                .omitted()
                .omitted()
                .floats(1, 4, 5, 5)
                .floats(4))
        .agrees();
    outputs(
            grouped()
                .with("smooth_softmax", 1)
                .floats(1, 5, 64)
                .floats(1, 5, 32)
                .floats(1, 5, 32)
                .omitted()
                .omitted()
                .input(ints(4))
                .input(ints(5)))
        .agrees();
  }

  /** The total length is a constant, so that kernels compute it. */
  @Test
  void groupQueryAttention_agrees_whenTheTotalIsKnown() throws Exception {
    outputs(
            grouped()
                .floats(2, 5, 64)
                .floats(2, 5, 32)
                .floats(2, 5, 32)
                .omitted()
                .omitted()
                .input(ints(4, 4))
                .input(ints(5))
                .omitted()
                .omitted()
                .omitted()
                .floats(1, 4, 5, 5))
        .constants()
        .agrees();
    for (long window : new long[] {-1, 3}) {
      outputs(
              grouped()
                  .with("local_window_size", window)
                  .with("softcap", Attribute.of(0.7f))
                  .with("scale", Attribute.of(0.4f))
                  .floats(2, 1, 64)
                  .floats(2, 1, 32)
                  .floats(2, 1, 32)
                  .floats(2, 2, 8, 16)
                  .floats(2, 2, 8, 16)
                  .input(ints(6, 4))
                  .input(ints(7)))
          .constants()
          .agrees();
    }
    for (long interleaved : new long[] {0, 1}) {
      outputs(
              grouped()
                  .with("do_rotary", 1)
                  .with("rotary_interleaved", interleaved)
                  .floats(2, 4, 128)
                  .omitted()
                  .omitted()
                  .omitted()
                  .omitted()
                  .input(ints(3, 3))
                  .input(ints(4))
                  .floats(8, 8)
                  .floats(8, 8))
          .constants()
          .agrees();
      outputs(
              grouped()
                  .with("do_rotary", 1)
                  .with("rotary_interleaved", interleaved)
                  .floats(1, 3, 64)
                  .floats(1, 3, 32)
                  .floats(1, 3, 32)
                  .floats(1, 2, 4, 16)
                  .floats(1, 2, 4, 16)
                  .input(ints(6))
                  .input(ints(7))
                  .floats(8, 8)
                  .floats(8, 8)
                  .input(Tensor.ofLongs(Shape.of(1, 3), 4, 0, 7)))
          .constants()
          .agrees();
    }
  }

  @Test
  void groupQueryAttention_blamesTheInput_whenLengthsDoNotFit() {
    assertThatThrownBy(() ->
            outputs(
                    grouped()
                        .floats(1, 1, 64)
                        .floats(1, 1, 32)
                        .floats(1, 1, 32)
                        .floats(1, 2, 4, 16)
                        .floats(1, 2, 4, 16)
                        .input(ints(1000))
                        .input(ints(5)))
                .agrees())
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("seqlens_k");
    assertThatThrownBy(() ->
            outputs(
                    grouped()
                        .with("kv_num_heads", 3)
                        .floats(1, 1, 64)
                        .floats(1, 1, 48)
                        .floats(1, 1, 48)
                        .omitted()
                        .omitted()
                        .input(ints(0))
                        .input(ints(1)))
                .agrees())
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("kv_num_heads");
  }

  @Test
  void multiHeadAttention_agrees_whenLengthsAreGiven() throws Exception {
    of("MultiHeadAttention")
        .with("num_heads", 2)
        .floats(2, 4, 8)
        .floats(2, 5, 8)
        .floats(2, 5, 8)
        .omitted()
        .input(ints(5, 3))
        .output(FLOAT)
        .agrees();
    of("MultiHeadAttention")
        .with("num_heads", 2)
        .floats(2, 4, 8)
        .floats(2, 5, 8)
        .floats(2, 5, 8)
        .omitted()
        .input(ints(5, 3, 0, 4, 8, 0, 5, 8))
        .output(FLOAT)
        .agrees();
  }

  @Test
  void matMulNBits_agrees_whenRowsAreGrouped() throws Exception {
    int[] groups = new int[64];
    for (int i = 0; i < groups.length; i++) {
      groups[i] = i * 7 % 4;
    }
    for (boolean zeroPoints : new boolean[] {false, true}) {
      PeerComparison product =
          of("MatMulNBits")
              .with("K", 64)
              .with("N", 5)
              .with("bits", 4)
              .with("block_size", 16)
              .floats(3, 64)
              .bytes(UINT8, 5, 4, 8)
              .floats(20);
      (zeroPoints ? product.floats(20) : product.omitted())
          .input(ints(groups))
          .output(FLOAT)
          .constants()
          .agrees(1e-4, 0);
    }
    groups[9] = 4;
    assertThatThrownBy(() ->
            of("MatMulNBits")
                .with("K", 64)
                .with("N", 5)
                .with("bits", 4)
                .with("block_size", 16)
                .floats(3, 64)
                .bytes(UINT8, 5, 4, 8)
                .floats(20)
                .omitted()
                .input(ints(groups))
                .output(FLOAT)
                .constants()
                .agrees())
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("g_idx");
  }
}
