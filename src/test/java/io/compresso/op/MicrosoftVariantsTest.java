package io.compresso.op;

import static io.compresso.tensor.DType.DOUBLE;
import static io.compresso.tensor.DType.FLOAT;
import static io.compresso.tensor.DType.INT32;
import static io.compresso.tensor.DType.INT64;
import static io.compresso.tensor.DType.INT8;
import static io.compresso.tensor.DType.UINT8;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Attribute;
import io.compresso.graph.GraphException;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Forms of ONNX's operators in {@code com.microsoft}, and others that exporters reach for. */
class MicrosoftVariantsTest {
  private static PeerComparison of(String operator) {
    return PeerComparison.ofMicrosoft(operator);
  }

  private static Tensor longs(long... values) {
    return Tensor.ofLongs(Shape.of(values.length), values);
  }

  private static Tensor ints(int... values) {
    return Tensor.ofInts(Shape.of(values.length), values);
  }

  private static void isRefused(PeerComparison node, String message) {
    assertThatThrownBy(node::agrees)
        .isInstanceOf(GraphException.class)
        .hasMessageContaining(message);
  }

  @Test
  void attention_isRefused_whenItsOperandsDoNotFit() {
    isRefused(
        of("MultiHeadAttention")
            .with("num_heads", Long.MAX_VALUE)
            .floats(2, 3, 8)
            .floats(2, 4, 8)
            .floats(2, 4, 6)
            .output(FLOAT),
        "attribute 'num_heads'");
    isRefused(
        of("MultiHeadAttention")
            .with("num_heads", 2)
            .floats(2, 3, 8)
            .floats(2, 4, 8)
            .floats(3, 4, 6)
            .output(FLOAT),
        "do not fit");
    isRefused(
        of("Attention")
            .with("num_heads", 2)
            .floats(2, 3, 5)
            .floats(5, 12)
            .floats(12)
            .omitted()
            .omitted()
            .floats(2, 3, 3)
            .output(FLOAT),
        "'attention_bias' [2, 3, 3]");
  }

  @Test
  void biasGelu_isRefused_whenItsBiasIsNoRow() {
    isRefused(of("BiasGelu").floats(2, 3, 4).floats(8).output(FLOAT), "bias [8]");
    isRefused(of("BiasGelu").floats(2, 4, 1).floats(4).output(FLOAT), "bias [4]");
  }

  @Test
  void embeddings_areRefused_whenTheMaskIsNotThatOfTheIds() {
    isRefused(
        of("EmbedLayerNormalization")
            .input(Tensor.ofInts(Shape.of(1, 2), 0, 1))
            .omitted()
            .floats(5, 8)
            .floats(4, 8)
            .omitted()
            .floats(8)
            .floats(8)
            .input(Tensor.ofInts(Shape.of(1, 3), 1, 1, 1))
            .output(FLOAT)
            .output(INT32),
        "mask [1, 3]");
  }

  @Test
  void trilu_agrees() throws Exception {
    for (long upper = 0; upper < 2; upper++) {
      of("Trilu").with("upper", upper).floats(2, 3, 5).output(FLOAT).agrees();
      of("Trilu")
          .with("upper", upper)
          .floats(4, 4)
          .input(Tensor.scalar(-1L))
          .output(FLOAT)
          .agrees();
    }
  }

  @Test
  void expandDims_agrees() throws Exception {
    for (int axis : new int[] {0, 1, 2, -1, -3}) {
      Tensor at = Tensor.ofInts(Shape.SCALAR, axis);
      of("ExpandDims").floats(3, 4).input(at).output(FLOAT).agrees();
      of("ExpandDims").floats(3, 4).input(at).constants().output(FLOAT).agrees();
    }
    isRefused(
        of("ExpandDims").floats(3, 4).input(Tensor.ofInts(Shape.SCALAR, 3)).output(FLOAT),
        "axis 3");
  }

  @Test
  void gatherNd_agrees() throws Exception {
    of("GatherND")
        .floats(3, 4, 5)
        .input(Tensor.ofLongs(Shape.of(2, 2), 0, 3, 2, 1))
        .output(FLOAT)
        .agrees();
    of("GatherND")
        .floats(3, 4)
        .input(Tensor.ofLongs(Shape.of(2, 1, 2), 0, 3, 2, 1))
        .output(FLOAT)
        .agrees();
  }

  @Test
  void gridSample_agrees() throws Exception {
    for (String mode : List.of("bilinear", "nearest", "bicubic")) {
      for (String padding : List.of("zeros", "border", "reflection")) {
        of("GridSample")
            .with("mode", Attribute.of(mode))
            .with("padding_mode", Attribute.of(padding))
            .floats(2, 3, 5, 4)
            .floats(2, 3, 6, 2)
            .output(FLOAT)
            .agrees(1e-4, 0);
      }
    }
  }

  @Test
  void range_agrees_alsoWithoutADelta() throws Exception {
    of("Range")
        .input(Tensor.scalar(2L))
        .input(Tensor.scalar(11L))
        .input(Tensor.scalar(4L))
        .output(INT64)
        .agrees();
    of("Range").input(Tensor.scalar(-1.5f)).input(Tensor.scalar(3f)).output(FLOAT).agrees();
    of("Range")
        .input(Tensor.scalar(3L))
        .input(Tensor.scalar(9L))
        .constants()
        .output(INT64)
        .agrees();
  }

  @Test
  void pad_agrees_inEveryMode() throws Exception {
    for (String mode : List.of("constant", "edge", "reflect")) {
      for (boolean constants : new boolean[] {true, false}) {
        PeerComparison pad =
            of("Pad")
                .with("mode", Attribute.of(mode))
                .floats(2, 3, 4)
                .input(longs(1, 0, 2, 0, 2, 1))
                .output(FLOAT);
        (constants ? pad.constants() : pad).agrees();
      }
    }
    of("Pad")
        .floats(3, 4)
        .input(Tensor.ofLongs(Shape.of(1, 4), 1, 2, 0, -1))
        .input(Tensor.ofFloats(Shape.of(1), 7))
        .output(FLOAT)
        .agrees();
    isRefused(of("Pad").floats(3, 4).input(longs(1, 2, 1)).output(FLOAT), "3 pads");
  }

  @Test
  void unique_agrees() throws Exception {
    of("Unique")
        .input(Tensor.ofFloats(Shape.of(8), 2, 1, 2, -3, 1, 5, 2, 0))
        .output(FLOAT)
        .output(INT64)
        .output(INT64)
        .agrees();
    isRefused(of("Unique").floats(2, 2).output(FLOAT).output(INT64).output(INT64), "no vector");
  }

  @Test
  void convTransposeWithDynamicPads_agrees() throws Exception {
    for (boolean constants : new boolean[] {true, false}) {
      PeerComparison node =
          of("ConvTransposeWithDynamicPads")
              .with("kernel_shape", Attribute.ints(3, 3))
              .with("strides", Attribute.ints(2, 2))
              .with("output_padding", Attribute.ints(1, 1))
              .floats(1, 2, 4, 3)
              .floats(2, 3, 3, 3)
              .input(longs(1, 0, 1, 1))
              .floats(3)
              .output(FLOAT);
      (constants ? node.constants() : node).agrees(1e-4, 0);
    }
    isRefused(
        of("ConvTransposeWithDynamicPads")
            .floats(1, 2, 4, 3)
            .floats(2, 3, 3, 3)
            .input(longs(1, 0))
            .output(FLOAT),
        "'pads' has 2 values");
  }

  @Test
  void inverse_agrees() throws Exception {
    Tensor x = Tensor.allocate(FLOAT, Shape.of(2, 3, 4, 4));
    for (int i = 0; i < x.size(); i++) {
      x.setFloat(i, (i * 37 % 19 - 9) / 9f + (i % 5 == 0 ? 2 : 0));
    }
    of("Inverse").input(x).output(FLOAT).agrees(1e-3, 0);
    Tensor turned = Tensor.ofFloats(Shape.of(3, 3), 0, 2, 0, 0, 0, 4, 5, 0, 0);
    of("Inverse").input(turned).output(FLOAT).agrees();
    Tensor doubles = Tensor.allocate(DOUBLE, Shape.of(2, 2));
    for (int i = 0; i < 4; i++) {
      doubles.setDouble(i, i + 1);
    }
    of("Inverse").input(doubles).output(DOUBLE).agrees();
    isRefused(of("Inverse").floats(2, 3).output(FLOAT), "no square matrices");
  }

  @Test
  void cropAndResize_agrees() throws Exception {
    Tensor boxes =
        Tensor.ofFloats(
            Shape.of(3, 4), 0, 0, 1, 1, 0.2f, -0.3f, 0.9f, 1.2f, 0.8f, 0.7f, 0.1f, 0.3f);
    for (String mode : List.of("bilinear", "nearest")) {
      for (int[] size : new int[][] {{3, 4}, {1, 1}, {7, 2}}) {
        of("CropAndResize")
            .with("mode", Attribute.of(mode))
            .with("extrapolation_value", Attribute.of(0.5f))
            .floats(2, 3, 6, 5)
            .input(boxes)
            .input(ints(1, 0, 1))
            .input(ints(size))
            .output(FLOAT)
            .agrees(1e-4, 0);
      }
    }
    isRefused(
        of("CropAndResize")
            .floats(2, 3, 6, 5)
            .input(boxes)
            .input(ints(1, 0, 2))
            .input(ints(2, 2))
            .output(FLOAT),
        "image 2 of 2");
  }

  @Test
  void cDist_agrees() throws Exception {
    for (String metric : List.of("euclidean", "sqeuclidean")) {
      of("CDist")
          .with("metric", Attribute.of(metric))
          .floats(5, 7)
          .floats(3, 7)
          .output(FLOAT)
          .agrees(1e-4, 0);
    }
    isRefused(of("CDist").floats(5, 7).floats(3, 6).output(FLOAT), "rows of one length");
  }

  @Test
  void nGramRepeatBlock_agrees() throws Exception {
    for (long size : new long[] {1, 2, 3}) {
      of("NGramRepeatBlock")
          .with("ngram_size", size)
          .input(Tensor.ofLongs(Shape.of(2, 6), 1, 2, 3, 1, 2, 1, 0, 0, 0, 4, 3, 0))
          .floats(2, 5)
          .output(FLOAT)
          .agrees();
    }
    isRefused(
        of("NGramRepeatBlock")
            .input(Tensor.ofLongs(Shape.of(1, 2), 1, 2))
            .floats(1, 5)
            .output(FLOAT),
        "ngram_size");
  }

  @Test
  void murmurHash3_agrees() throws Exception {
    Tensor words =
        Tensor.ofStrings(
            Shape.of(2, 3),
            Stream.of("", "a", "ab", "abc", "abcd", "a longer one: ü")
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .toList());
    for (Tensor x :
        List.of(words, longs(0, -1, 1L << 40), ints(5, -7, 1 << 30), Tensor.scalar(2.5f))) {
      of("MurmurHash3").with("positive", 0).with("seed", 11).input(x).output(INT32).agrees();
    }
  }

  @Test
  void qLinearConv_agrees_withChannelsLast() throws Exception {
    for (long last = 0; last < 2; last++) {
      PeerComparison node = of("QLinearConv").with("channels_last", last);
      node.with("pads", Attribute.ints(1, 0, 1, 1)).with("strides", Attribute.ints(1, 2));
      node.bytes(UINT8, last == 0 ? new long[] {1, 4, 6, 7} : new long[] {1, 6, 7, 4})
          .quantization(0.02f, UINT8, 120)
          .bytes(INT8, 5, 4, 3, 3)
          .quantization(0.01f, INT8, 0)
          .quantization(0.5f, UINT8, 100)
          .input(Tensor.ofInts(Shape.of(5), 100, -200, 0, 50, 1000))
          .output(UINT8)
          .constants()
          .agrees(0, 1);
    }
  }

  private static PeerComparison experimental(String operator) {
    return PeerComparison.of(operator, 9);
  }

  private static PeerComparison scaled(String operator) {
    return experimental(operator)
        .with("alpha", Attribute.of(0.7f))
        .with("beta", Attribute.of(-1.3f))
        .floats(3, 5)
        .output(FLOAT);
  }

  @Test
  void experimentalOperators_agree() throws Exception {
    scaled("Affine").agrees();
    scaled("ScaledTanh").agrees();
    scaled("ParametricSoftplus").agrees();
    experimental("ImageScaler")
        .with("scale", Attribute.of(0.5f))
        .with("bias", new Attribute.Floats(List.of(1f, 2f, -3f)))
        .floats(2, 3, 4, 5)
        .output(FLOAT)
        .agrees();
    experimental("Crop")
        .with("border", Attribute.ints(1, 2, 0, 1))
        .floats(2, 3, 6, 5)
        .output(FLOAT)
        .agrees();
    experimental("Crop")
        .with("border", Attribute.ints(1, 2, 0, 1))
        .with("scale", Attribute.ints(2, 3))
        .floats(2, 3, 6, 5)
        .output(FLOAT)
        .agrees();
    isRefused(
        experimental("Crop")
            .with("border", Attribute.ints(4, 2, 3, 1))
            .floats(2, 3, 6, 5)
            .output(FLOAT),
        "on axis 3");
    isRefused(experimental("ImageScaler").floats(2, 3, 4, 5).output(FLOAT), "a bias for each of 0");
  }

  private static PeerComparison embeddings(DType dtype, boolean segments) {
    Tensor ids = Tensor.ofInts(Shape.of(2, 3), 1, 0, 4, 3, 2, 2);
    PeerComparison node = of("QEmbedLayerNormalization").input(ids);
    if (segments) {
      node.input(Tensor.ofInts(Shape.of(2, 3), 0, 0, 1, 1, 0, 1));
    } else {
      node.omitted();
    }
    node.bytes(dtype, 5, 16).bytes(dtype, 4, 16);
    if (segments) {
      node.bytes(dtype, 2, 16);
    } else {
      node.omitted();
    }
    node.bytes(dtype, 16).bytes(dtype, 16);
    node.input(Tensor.ofInts(Shape.of(2, 3), 1, 1, 0, 1, 1, 1));
    for (int i = 0; i < 5; i++) {
      node.input(i == 2 && !segments ? null : Tensor.scalar(0.01f + 0.003f * i));
    }
    for (int i = 0; i < 5; i++) {
      node.input(
          i == 2 && !segments
              ? null
              : Tensor.ofBytes(dtype, Shape.SCALAR, (byte) (dtype == UINT8 ? 120 + i : i - 2)));
    }
    return node.output(FLOAT).output(INT32);
  }

  @Test
  void qEmbedLayerNormalization_agrees() throws Exception {
    for (DType dtype : List.of(UINT8, INT8)) {
      embeddings(dtype, true).agrees(1e-3, 0);
      embeddings(dtype, true).constants().agrees(1e-3, 0);
      embeddings(dtype, false).agrees(1e-3, 0);
    }
  }
}
