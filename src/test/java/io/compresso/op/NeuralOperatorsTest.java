package io.compresso.op;

import static io.compresso.tensor.DType.FLOAT;
import static io.compresso.tensor.DType.INT32;
import static io.compresso.tensor.DType.INT64;
import static io.compresso.tensor.DType.INT8;
import static io.compresso.tensor.DType.UINT8;

import io.compresso.graph.Attribute;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Operators of neural networks against ONNX Runtime, over attributes and operator sets. */
class NeuralOperatorsTest {
  private static Attribute strings(String... values) {
    return new Attribute.Strings(
        Stream.of(values).map(value -> value.getBytes(StandardCharsets.UTF_8)).toList());
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, NOTSET, 1, 1",
    "2, 1, NOTSET, 2, 1",
    "4, 2, NOTSET, 1, 2",
    "1, 2, SAME_UPPER, 2, 1",
    "2, 1, SAME_LOWER, 2, 1",
    "4, 1, VALID, 3, 1"
  })
  void conv_agrees(int group, int perGroup, String autoPad, int stride, int dilation)
      throws Exception {
    PeerComparison conv =
        PeerComparison.of("Conv", 11)
            .with("group", group)
            .with("auto_pad", Attribute.of(autoPad))
            .with("strides", Attribute.ints(stride, 1))
            .with("dilations", Attribute.ints(1, dilation))
            .with("kernel_shape", Attribute.ints(3, 2));
    if (autoPad.equals("NOTSET")) {
      conv.with("pads", Attribute.ints(1, 0, 2, 1));
    }
    conv.floats(2, (long) group * perGroup, 7, 9)
        .floats(8, perGroup, 3, 2)
        .floats(8)
        .output(FLOAT)
        .constants()
        .agrees();
  }

  @ParameterizedTest
  @CsvSource({"1, 4, 0", "4, 0, 3", "1, 0, 0"})
  void conv_agrees_whenAnAxisHasOnlyPadding(int group, int height, int width) throws Exception {
    PeerComparison.of("Conv", 11)
        .with("group", group)
        .with("pads", Attribute.ints(1, 1, 1, 2))
        .with("kernel_shape", Attribute.ints(2, 2))
        .floats(2, 4, height, width)
        .floats(8, 4 / group, 2, 2)
        .floats(8)
        .output(FLOAT)
        .constants()
        .agrees();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void conv_agrees_onOneAndThreeAxes(int axes) throws Exception {
    long[] x = axes == 1 ? new long[] {1, 3, 11} : new long[] {1, 3, 5, 6, 4};
    long[] w = axes == 1 ? new long[] {4, 3, 3} : new long[] {4, 3, 3, 2, 2};
    PeerComparison.of("Conv", 11).floats(x).floats(w).output(FLOAT).agrees();
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 0", "2, 2, 1", "3, 1, 2"})
  void convTranspose_agrees(int stride, int group, int extra) throws Exception {
    PeerComparison.of("ConvTranspose", 11)
        .with("strides", Attribute.ints(stride, stride))
        .with("output_padding", Attribute.ints(extra, 0))
        .with("pads", Attribute.ints(1, 0, 0, 1))
        .with("group", group)
        .floats(2, 4, 5, 6)
        .floats(4, 3, 3, 3)
        .floats(3L * group)
        .output(FLOAT)
        .agrees();
  }

  @ParameterizedTest
  @CsvSource({"0, 0, 7", "1, 0, 10", "0, 1, 11", "1, 1, 19"})
  void averagePool_agrees(int ceil, int includePad, int opset) throws Exception {
    PeerComparison pool =
        PeerComparison.of("AveragePool", opset)
            .with("kernel_shape", Attribute.ints(3, 3))
            .with("strides", Attribute.ints(2, 2))
            .with("pads", Attribute.ints(1, 1, 1, 1))
            .with("count_include_pad", includePad);
    if (ceil == 1) {
      pool.with("ceil_mode", 1);
    }
    pool.floats(1, 2, 8, 9).output(FLOAT).agrees();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void maxPool_agrees_withIndices(int order) throws Exception {
    PeerComparison.of("MaxPool", 12)
        .with("kernel_shape", Attribute.ints(3, 2))
        .with("strides", Attribute.ints(2, 1))
        .with("pads", Attribute.ints(1, 0, 1, 1))
        .with("storage_order", order)
        .floats(2, 2, 8, 5)
        .output(FLOAT)
        .output(INT64)
        .agrees();
  }

  @Test
  void globalAndLpPools_agree() throws Exception {
    PeerComparison.of("GlobalAveragePool", 9).floats(2, 3, 4, 5).output(FLOAT).agrees();
    PeerComparison.of("GlobalMaxPool", 9).floats(2, 3, 4, 5).output(FLOAT).agrees();
    PeerComparison.of("GlobalLpPool", 9).with("p", 3).floats(2, 3, 4).output(FLOAT).agrees();
    PeerComparison.of("LpPool", 11)
        .with("kernel_shape", Attribute.ints(2, 3))
        .with("p", 2)
        .floats(1, 2, 5, 6)
        .output(FLOAT)
        .agrees();
  }

  @Test
  void maxRoiPool_agrees() throws Exception {
    PeerComparison.of("MaxRoiPool", 9)
        .with("pooled_shape", Attribute.ints(2, 2))
        .with("spatial_scale", Attribute.of(0.5f))
        .floats(2, 2, 8, 8)
        .input(Tensor.ofFloats(Shape.of(2, 5), 0, 0, 0, 7, 9, 1, 3, 2, 12, 15))
        .output(FLOAT)
        .agrees();
  }

  @ParameterizedTest
  @ValueSource(ints = {7, 9, 15})
  void batchNormalization_agrees(int opset) throws Exception {
    PeerComparison.of("BatchNormalization", opset)
        .floats(2, 3, 4, 5)
        .floats(3)
        .floats(3)
        .floats(3)
        .input(Tensor.ofFloats(Shape.of(3), 1, 0.5f, 2))
        .output(FLOAT)
        .constants()
        .agrees();
  }

  @Test
  void normalizations_agree() throws Exception {
    PeerComparison.of("InstanceNormalization", 9)
        .floats(2, 3, 4, 5)
        .floats(3)
        .floats(3)
        .output(FLOAT)
        .agrees();
    PeerComparison.of("LayerNormalization", 17)
        .with("axis", 1)
        .floats(2, 3, 4)
        .floats(3, 4)
        .floats(3, 4)
        .output(FLOAT)
        .output(FLOAT)
        .output(FLOAT)
        .agrees(1e-4, 0);
    PeerComparison.of("LpNormalization", 9)
        .with("p", 1)
        .with("axis", 1)
        .floats(2, 3, 4)
        .output(FLOAT)
        .agrees();
    PeerComparison.of("LRN", 9).with("size", 3).floats(2, 7, 4, 3).output(FLOAT).agrees();
  }

  @Test
  void matMul_agrees_whenStacksBroadcast() throws Exception {
    PeerComparison.of("MatMul", 9).floats(2, 1, 3, 4).floats(5, 4, 2).output(FLOAT).agrees();
    PeerComparison.of("MatMul", 9).floats(2, 3, 4).floats(4, 2).output(FLOAT).agrees();
    PeerComparison.of("MatMul", 13).floats(4).floats(3, 4, 2).output(FLOAT).agrees();
    PeerComparison.of("MatMul", 13).floats(3, 4).floats(4).output(FLOAT).agrees();
  }

  @ParameterizedTest
  @CsvSource({"0, 0, 1, 1", "1, 0, 0.5, 1", "0, 1, 1, 2", "1, 1, 1, 1"})
  void gemm_agrees(int a, int b, float alpha, float beta) throws Exception {
    for (long[] c : new long[][] {{5}, {1}, {3, 1}, {3, 5}}) {
      PeerComparison.of("Gemm", 11)
          .with("transA", a)
          .with("transB", b)
          .with("alpha", Attribute.of(alpha))
          .with("beta", Attribute.of(beta))
          .floats(a == 0 ? new long[] {3, 4} : new long[] {4, 3})
          .floats(b == 0 ? new long[] {4, 5} : new long[] {5, 4})
          .floats(c)
          .output(FLOAT)
          .constants()
          .agrees();
    }
  }

  @ParameterizedTest
  @CsvSource({"LSTM, 4", "GRU, 3", "RNN, 1"})
  void recurrentNetwork_agrees_inBothDirections(String operator, int gates) throws Exception {
    PeerComparison network =
        PeerComparison.of(operator, 14)
            .with("hidden_size", 5)
            .with("direction", Attribute.of("bidirectional"))
            .floats(4, 3, 6)
            .floats(2, 5L * gates, 6)
            .floats(2, 5L * gates, 5)
            .floats(2, 10L * gates)
            .input(Tensor.ofInts(Shape.of(3), 4, 2, 3))
            .floats(2, 3, 5)
            .output(FLOAT)
            .output(FLOAT);
    if (operator.equals("LSTM")) {
      network.floats(2, 3, 5).floats(2, 15).output(FLOAT);
    }
    network.agrees();
  }

  @Test
  void gru_agrees_whenLinearBeforeReset_withOtherActivations() throws Exception {
    PeerComparison.of("GRU", 7)
        .with("hidden_size", 5)
        .with("linear_before_reset", 1)
        .with("direction", Attribute.of("reverse"))
        .with("activations", strings("HardSigmoid", "Softsign"))
        .floats(4, 2, 6)
        .floats(1, 15, 6)
        .floats(1, 15, 5)
        .floats(1, 30)
        .output(FLOAT)
        .agrees();
  }

  @ParameterizedTest
  @CsvSource({
    "nearest, half_pixel, round_prefer_floor",
    "nearest, asymmetric, floor",
    "nearest, align_corners, ceil",
    "linear, half_pixel, floor",
    "linear, align_corners, floor",
    "linear, pytorch_half_pixel, floor",
    "linear, asymmetric, floor",
    "cubic, half_pixel, floor",
    "cubic, align_corners, floor"
  })
  void resize_agrees(String mode, String coordinates, String nearest) throws Exception {
    for (float[] scales : new float[][] {{1, 1, 2, 3}, {1, 1, 0.6f, 1.7f}}) {
      PeerComparison resize =
          PeerComparison.of("Resize", 13)
              .with("mode", Attribute.of(mode))
              .with("coordinate_transformation_mode", Attribute.of(coordinates))
              .floats(1, 2, 5, 6)
              .omitted()
              .input(Tensor.ofFloats(Shape.of(4), scales));
      if (mode.equals("nearest")) {
        resize.with("nearest_mode", Attribute.of(nearest));
      }
      resize.output(FLOAT).constants().agrees(1e-4, 0);
    }
  }

  @Test
  void resizeAndUpsample_agree_inOlderOperatorSets() throws Exception {
    Tensor scales = Tensor.ofFloats(Shape.of(4), 1, 1, 2, 3);
    PeerComparison.of("Resize", 10)
        .floats(1, 2, 5, 6)
        .input(scales)
        .output(FLOAT)
        .constants()
        .agrees();
    PeerComparison.of("Upsample", 9)
        .with("mode", Attribute.of("linear"))
        .floats(1, 2, 5, 6)
        .input(scales)
        .output(FLOAT)
        .constants()
        .agrees();
    PeerComparison.of("Upsample", 7)
        .with("scales", new Attribute.Floats(List.of(1f, 1f, 2f, 3f)))
        .floats(1, 2, 5, 6)
        .output(FLOAT)
        .agrees();
  }

  @Test
  void quantizeLinear_agrees_perAxis() throws Exception {
    PeerComparison.of("QuantizeLinear", 13)
        .with("axis", 1)
        .floats(2, 3, 4)
        .input(Tensor.ofFloats(Shape.of(3), 0.01f, 0.002f, 0.03f))
        .input(Tensor.ofBytes(INT8, Shape.of(3), (byte) 1, (byte) -7, (byte) 100))
        .output(INT8)
        .agrees();
    PeerComparison.of("DequantizeLinear", 13)
        .with("axis", 0)
        .bytes(UINT8, 3, 4)
        .input(Tensor.ofFloats(Shape.of(3), 0.01f, 0.002f, 0.03f))
        .input(Tensor.ofBytes(UINT8, Shape.of(3), (byte) 1, (byte) 7, (byte) 100))
        .output(FLOAT)
        .agrees();
  }

  @Test
  void dynamicQuantizeLinear_agrees() throws Exception {
    PeerComparison.of("DynamicQuantizeLinear", 11)
        .floats(3, 50)
        .output(UINT8)
        .output(FLOAT)
        .output(UINT8)
        .agrees(1e-6, 1);
  }

  @Test
  void qLinearConv_agrees_perChannel() throws Exception {
    PeerComparison.of("QLinearConv", 10)
        .with("pads", Attribute.ints(1, 1, 1, 1))
        .bytes(UINT8, 1, 4, 6, 7)
        .quantization(0.02f, UINT8, 120)
        .bytes(INT8, 3, 4, 3, 3)
        .input(Tensor.ofFloats(Shape.of(3), 0.01f, 0.02f, 0.03f))
        .input(Tensor.ofBytes(INT8, Shape.of(3), (byte) 0, (byte) 0, (byte) 0))
        .quantization(0.9f, UINT8, 128)
        .input(Tensor.ofInts(Shape.of(3), 1000, -5000, 77))
        .output(UINT8)
        .constants()
        .agrees(0, 1);
  }

  @Test
  void qLinearMatMul_agrees_perColumn() throws Exception {
    PeerComparison.of("QLinearMatMul", 10)
        .bytes(UINT8, 2, 5, 16)
        .quantization(0.02f, UINT8, 120)
        .bytes(INT8, 16, 3)
        .input(Tensor.ofFloats(Shape.of(3), 0.01f, 0.02f, 0.03f))
        .input(Tensor.ofBytes(INT8, Shape.of(3), (byte) 0, (byte) 0, (byte) 0))
        .quantization(0.2f, UINT8, 128)
        .output(UINT8)
        .constants()
        .agrees(0, 1);
  }

  @Test
  void integerProducts_agree() throws Exception {
    PeerComparison.of("MatMulInteger", 10)
        .bytes(UINT8, 3, 5, 16)
        .bytes(UINT8, 16, 4)
        .input(Tensor.ofBytes(UINT8, Shape.SCALAR, (byte) 100))
        .input(Tensor.ofBytes(UINT8, Shape.SCALAR, (byte) 7))
        .output(INT32)
        .agrees();
    PeerComparison.of("ConvInteger", 10)
        .bytes(UINT8, 1, 3, 6, 7)
        .bytes(UINT8, 2, 3, 3, 3)
        .input(Tensor.ofBytes(UINT8, Shape.SCALAR, (byte) 100))
        .input(Tensor.ofBytes(UINT8, Shape.SCALAR, (byte) 7))
        .output(INT32)
        .agrees();
  }

  @ParameterizedTest
  @CsvSource({"10, avg", "16, avg", "16, max"})
  void roiAlign_agrees(int opset, String mode) throws Exception {
    PeerComparison.of("RoiAlign", opset)
        .with("output_height", 3)
        .with("output_width", 2)
        .with("sampling_ratio", 2)
        .with("mode", Attribute.of(mode))
        .floats(2, 3, 9, 8)
        .input(Tensor.ofFloats(Shape.of(2, 4), 0.5f, 1, 6, 7.5f, 2, 0, 5, 4))
        .input(Tensor.ofLongs(Shape.of(2), 0, 1))
        .output(FLOAT)
        .agrees(1e-4, 0);
  }

  @ParameterizedTest
  @CsvSource({
    "bilinear, zeros, 0", "bilinear, border, 1", "bilinear, reflection, 0", "nearest, zeros, 1",
    "nearest, border, 0", "bicubic, border, 0", "bicubic, zeros, 1", "bicubic, reflection, 1"
  })
  void gridSample_agrees(String mode, String padding, int corners) throws Exception {
    PeerComparison.of("GridSample", 16)
        .with("mode", Attribute.of(mode))
        .with("padding_mode", Attribute.of(padding))
        .with("align_corners", corners)
        .floats(2, 3, 5, 6)
        .floats(2, 4, 3, 2)
        .output(FLOAT)
        .agrees(1e-4, 0);
  }
}
